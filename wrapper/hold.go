package wrapper

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
)

// Hold exchanges the trials' sockets of a report, whose endpoints are all free, for placeholders that the service will not
// mind, without a moment in which neither is there. The placeholders are close-on-exec until Inherit. Where there are more
// endpoints than may be open files, the last have none.
func Hold(r *Report) []Placeholder {
	all := make([]Placeholder, 0, len(r.Outcomes))
	room := roomNow()
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		p := hold(o.Endpoint, &o.Trial)
		o.Trial.Close()
		if p.FD >= 0 && !room.allows(p.FD) {
			room.refuse(&p)
		}
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

// Inherit has the service inherit placeholders over execve, under numbers from 100 up, or as high as the limit on open files lets them. At
// least half of that limit is left to the service: of more placeholders, the last are given up.
func Inherit(all []Placeholder) error {
	held := 0
	for _, p := range all {
		if p.FD >= 0 {
			held++
		}
	}
	room := roomNow()
	most, from := room.forService(held)
	for i := range all {
		p := &all[i]
		switch {
		case p.FD < 0:
		case most == 0: // the last, before any is moved: they have numbers that are needed
			room.refuse(p)
		default:
			most--
		}
	}
	for i := range all {
		p := &all[i]
		if p.FD < 0 {
			continue
		}
		if err := p.inherit(from); err != nil {
			return fmt.Errorf("%s: hand the placeholder on to the service: %w", p.Endpoint, err)
		}
	}
	return nil
}

func (p *Placeholder) inherit(from int) error {
	if p.FD >= from {
		_, err := unix.FcntlInt(uintptr(p.FD), unix.F_SETFD, 0)
		return err
	}
	for ; ; from /= 2 {
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
