package wrapper

import (
	"errors"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
)

// Hold exchanges the trials' sockets of a report, whose endpoints are all free, for placeholders that the service will not
// mind, without a moment in which neither is there. The placeholders are close-on-exec until Keep.
func Hold(r *Report) []Placeholder {
	all := make([]Placeholder, 0, len(r.Outcomes))
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		p := hold(o.Endpoint, &o.Trial)
		o.Trial.Close()
		all = append(all, p)
	}
	return all
}

// hold keeps the trial's own socket for a service that is known to set SO_REUSEADDR.
func hold(e netdiag.Endpoint, t *netdiag.Trial) Placeholder {
	if e.Protocol == netdiag.TCP && e.ReuseAddr == netdiag.ReuseYes && t.FD >= 0 {
		p := Placeholder{Endpoint: e, FD: t.FD, Where: t.Claim.Addr, Covers: true}
		t.FD = -1
		return p
	}
	return place(e)
}

// serviceFDs is where the placeholders go: well above what a service expects to find.
const serviceFDs = 100

// Keep makes the placeholder survive execve, under a number from 100 up, or as high as the limit on open files lets it.
func (p *Placeholder) Keep() error {
	if p.FD < 0 {
		return nil
	}
	for from := serviceFDs; ; from /= 2 {
		fd, err := unix.FcntlInt(uintptr(p.FD), unix.F_DUPFD, from)
		if err == nil {
			unix.Close(p.FD)
			p.FD = fd
			return nil
		}
		if from == 0 || !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EMFILE) {
			return err
		}
	}
}
