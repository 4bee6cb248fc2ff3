package guard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/sysctld"
)

// reserve is --reserve: the endpoints, which are all free, become reserved until the next boot. What cannot be done
// is said, and the start goes on.
func (s *attempt) reserve() {
	before := s.out.Facts().Reserved
	added := flags.PortsOf(s.request.endpoints).Minus(before)
	if len(added) == 0 {
		return
	}
	say := func(p journal.Priority, text string) {
		if s.request.JSON && s.path != "" || s.request.Quiet && p > journal.PriWarning {
			return // stderr has one document, which says what is reserved
		}
		s.app.Log.Say(cli.MsgReserved, p, nil, text)
	}
	if facts := s.out.Facts(); !s.request.force {
		if left, enough := facts.Ephemeral.Left(before.Union(added), before); !enough {
			say(journal.PriWarning, fmt.Sprintf("%s is not reserved: that %s (--force does it)", added, flags.Leaves(left, facts.Ephemeral)))
			return
		}
	}
	if s.request.policy.DryRun {
		if err := portrange.KernelReserved.Writable(); err != nil {
			say(journal.PriWarning, fmt.Sprintf("%s would not be reserved: %s", added, whyNotReserved(err)))
			return
		}
		say(journal.PriInfo, fmt.Sprintf("would reserve %s until the next boot", added))
		s.out.Prospect.Reserve = added.String()
		return
	}
	if err := addReserved(added); err != nil {
		say(journal.PriWarning, fmt.Sprintf("%s is not reserved: %s", added, whyNotReserved(err)))
		return
	}
	say(journal.PriInfo, fmt.Sprintf("reserved %s until the next boot (for ever: portguard reserve %s)", added, added))
	s.out.Reserved(before.Union(added))
}

// addReserved takes the lock if it can be had soon: a start must not wait for somebody else's command. Without it, only a
// release at the same instant could undo this.
func addReserved(ports portrange.Set) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if unlock, err := sysctld.Lock(ctx, "/"); err == nil {
		defer unlock()
	}
	return portrange.AddReserved(ports)
}

func whyNotReserved(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "that takes root, or CAP_NET_ADMIN (ExecStartPre=+ in a unit)"
	case errors.Is(err, unix.EROFS):
		return "/proc/sys is read-only here; set net.ipv4.ip_local_reserved_ports where the container is started"
	}
	return err.Error()
}
