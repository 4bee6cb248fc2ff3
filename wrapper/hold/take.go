package hold

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/direct"
)

// Take exchanges the trials' sockets of endpoints that are all free for placeholders that the service will not
// mind, without a moment in which neither is there. The placeholders are close-on-exec until Inherit. Where there are more
// endpoints than may be open files, the last have none.
func Take(free []*netdiag.Finding) Placeholders {
	all := make(Placeholders, 0, len(free))
	room, binder := RoomNow(), netdiag.NewBinder()
	for _, port := range byPort(free) {
		from := len(all)
		all = holdPort(binder, all, port)
		for i := from; i < len(all); i++ {
			if p := &all[i]; p.FD >= 0 && !room.Allows(p.FD) {
				room.refuse(p)
			}
		}
	}
	return all
}

// holdPort adds the placeholders of one port, which take over from the trials' sockets. For a service that is known to set
// SO_REUSEADDR they are these sockets.
func holdPort(binder netdiag.Binder, all Placeholders, port []*netdiag.Finding) Placeholders {
	endpoints := endpointsOf(port)
	plan := planPort(endpoints)
	if !plan.cover {
		p := Placeholder{Endpoints: endpoints, FD: -1, Why: plan.why}
		if p.Why == "" {
			p = place(binder, endpoints, plan.where)
		}
		all = append(all, p)
	}
	for i, f := range port {
		switch t := &f.Trial; {
		case plan.cover && t.FD >= 0:
			binder.Mark(t.FD)
			all = append(all, Placeholder{Endpoints: endpoints[i : i+1], FD: t.FD, Where: t.Claim.Addr, Covers: true})
			t.FD = -1
		case plan.cover: // there was no room for it then
			all = append(all, place(binder, endpoints[i:i+1], plan.where))
		}
		f.Trial.Close()
	}
	return all
}

// Inherit has the service inherit placeholders over execve, under numbers from 100 up, or as high as the limit on open files lets them. At
// least half of that limit is left to the service: of more placeholders, the last are given up.
func (all Placeholders) Inherit() error {
	held := 0
	for _, p := range all {
		if p.FD >= 0 {
			held++
		}
	}
	room := RoomNow()
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
	calls := direct.New()
	for i := range all {
		p := &all[i]
		if p.FD < 0 {
			continue
		}
		if err := p.inherit(calls, from); err != nil {
			return fmt.Errorf("%s: hand the placeholder on to the service: %w", p.port(), err)
		}
	}
	return nil
}

func (p *Placeholder) inherit(calls direct.Calls, from int) error {
	if p.FD >= from {
		_, err := calls.Fcntl(p.FD, unix.F_SETFD, 0)
		return err
	}
	for ; ; from /= 2 {
		fd, err := calls.Fcntl(p.FD, unix.F_DUPFD, from)
		if err == nil {
			calls.Close(p.FD)
			p.FD = fd
			return nil
		}
		if from == 0 || !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EMFILE) {
			return err
		}
	}
}
