package systemd

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/internal/environ"
)

// listenFDsStart is where the manager's descriptors begin (SD_LISTEN_FDS_START).
const listenFDsStart = 3

// Passed is a descriptor that the manager gave the process at its start: of a socket unit, or of the unit's fd store.
type Passed struct {
	FD   int
	Name string // FDNAME= or FileDescriptorName=; "" when the manager named none
}

// ListenFDs reads LISTEN_FDS and its like, sd_listen_fds_with_names(3). They are for pid alone: for another process, or
// where they make no sense, the answer is none.
func ListenFDs(env []string, pid int) []Passed {
	if environ.Get(env, "LISTEN_PID") != strconv.Itoa(pid) {
		return nil
	}
	n, err := strconv.Atoi(environ.Get(env, "LISTEN_FDS"))
	if err != nil || n <= 0 || n > 1<<16 {
		return nil
	}
	all := make([]Passed, n)
	for i := range all {
		all[i].FD = listenFDsStart + i
	}
	if names, ok := environ.Lookup(env, "LISTEN_FDNAMES"); ok {
		for i, name := range strings.Split(names, ":") {
			if i < n {
				all[i].Name = name
			}
		}
	}
	return all
}

// WithoutFDs is the environment as it would be if the manager had passed pid only keep of passed, in this order and from
// descriptor 3 on, and had room for own fewer descriptors in the unit's store. All else stays as it came, order included; and so
// does everything where nothing is taken away.
func WithoutFDs(env []string, pid int, keep []Passed, own int) []string {
	passed := ListenFDs(env, pid)
	out := make([]string, 0, len(env))
	for _, e := range env {
		key, value, ok := strings.Cut(e, "=")
		if !ok { // no variable: nobody finds a value by its name
			out = append(out, e)
			continue
		}
		switch key {
		case "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES":
			switch {
			case len(keep) >= len(passed): // none of ours
			case len(keep) == 0:
				continue
			default:
				e = key + "=" + listenValue(key, value, keep)
			}
		case "FDSTORE": // systemd 254: how many descriptors the store takes
			n, err := strconv.Atoi(value)
			switch {
			case err != nil || own == 0:
			case n <= own:
				continue
			default:
				e = key + "=" + strconv.Itoa(n-own)
			}
		}
		out = append(out, e)
	}
	return out
}

// listenValue is what a variable says when only keep were passed.
func listenValue(key, value string, keep []Passed) string {
	switch key {
	case "LISTEN_FDS":
		return strconv.Itoa(len(keep))
	case "LISTEN_FDNAMES":
		names := make([]string, len(keep))
		for i, p := range keep {
			names[i] = p.Name
		}
		return strings.Join(names, ":")
	}
	return value
}

// Renumber makes the descriptors of keep those from 3 on, in this order, and closes all others of passed. It is done for
// a service that expects them there without gaps.
func Renumber(passed, keep []Passed) error {
	for _, p := range passed {
		if !slices.ContainsFunc(keep, func(k Passed) bool { return k.FD == p.FD }) {
			unix.Close(p.FD)
		}
	}
	for i, p := range keep { // ascending, so that no target is still in use
		if to := listenFDsStart + i; to != p.FD {
			if err := unix.Dup3(p.FD, to, 0); err != nil {
				return os.NewSyscallError("dup3", err)
			}
			unix.Close(p.FD)
		}
	}
	return nil
}

// Store puts a descriptor into the unit's fd store (FileDescriptorStoreMax=), from which the manager passes it to the
// unit's next start under the same name. It does not look whether the descriptor hangs up (FDPOLL=0, systemd 246), as a
// bound socket that does not listen seems to at once. The manager does not answer: it drops what it has no room for.
func (m *Mailbox) Store(name string, fd int) error {
	if m == nil {
		return errNoManager
	}
	return m.Send("FDSTORE=1\nFDPOLL=0\nFDNAME="+name, fd)
}

// Unstore takes the descriptors of a name out of the store (systemd 236).
func (m *Mailbox) Unstore(name string) error {
	if m == nil {
		return errNoManager
	}
	return m.Send("FDSTOREREMOVE=1\nFDNAME=" + name)
}

var errNoManager = errors.New("NOTIFY_SOCKET is not set: not started by systemd, or without NotifyAccess=")
