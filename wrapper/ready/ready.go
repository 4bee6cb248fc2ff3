// Package ready answers: does the service listen on its endpoints by now? It asks the kernel's tables and connects to nobody, so that
// the service notices nothing, and nobody else can answer for it.
package ready

import (
	"context"
	"slices"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/served"
	"portguard/netdiag/sockdiag"
)

// Finding is what is known of one endpoint.
type Finding struct {
	served.Look
	State served.State
	// Lacks is, of a half, what the service does not listen on.
	Lacks netdiag.Endpoint
	// Holders have it in the service's place: what it Lacks or, of a service that does not listen at all, the endpoint. Look finds
	// those of halves, and Explain all.
	Holders []netdiag.Holder
	// Listeners are the service's own sockets with their processes, once Explain has looked.
	Listeners []netdiag.Holder
	// Unexplained is why the kernel could not be asked for the holders; nil when it was.
	Unexplained error
}

// AllWhole reports whether the service is ready.
func AllWhole(all []Finding) bool {
	return !slices.ContainsFunc(all, func(f Finding) bool { return f.State != served.Whole })
}

// Looker looks, again and again. It is not safe for concurrent use.
type Looker struct {
	endpoints []netdiag.Endpoint
	whose     Whose
	prober    *netdiag.Prober
	known     ownership
	halves    map[netdiag.Endpoint]half
}

// half is what a look at the missing half of an endpoint came to, while the same sockets listen.
type half struct {
	beside  []socketKey
	holders []netdiag.Holder
}

// New makes a looker. Close it in the end.
func New(endpoints []netdiag.Endpoint, whose Whose) *Looker {
	return &Looker{endpoints: endpoints, whose: whose, prober: netdiag.NewProber(), halves: map[netdiag.Endpoint]half{}}
}

// Close ends the looker's questions to the kernel.
func (l *Looker) Close() error { return l.prober.Close() }

// Known tells the looker which sockets hold the endpoints for the service: they are in its way nowhere.
func (l *Looker) Known(fds []int) {
	for _, fd := range fds {
		l.prober.Ignore(fd)
	}
}

// Degraded is why the kernel could only be asked by way of /proc/net; nil when it was asked properly.
func (l *Looker) Degraded() error { return l.prober.Degraded() }

// Look asks who listens. Most looks take some microseconds: whose a socket is, and who has a missing half, is asked when other sockets
// listen than the last time, and now and then. An error means that the kernel could not be asked.
func (l *Looker) Look(ctx context.Context) ([]Finding, error) {
	listening, err := l.prober.Listening(ctx, l.endpoints)
	if err != nil {
		return nil, err
	}
	if err := l.own(ctx, listening); err != nil {
		return nil, err
	}
	all := make([]Finding, len(l.endpoints))
	for i, e := range l.endpoints {
		all[i].Look = served.At(e, listening, l.known.has)
	}
	if err := l.lookAtHalves(ctx, all); err != nil {
		return nil, err
	}
	for i := range all {
		all[i].State = all[i].Look.State(len(all[i].Holders) > 0)
	}
	return all, nil
}

// lookAtHalves finds who else has a half that the service does not listen on. What was found stands while the same sockets listen: a
// service does not come to have a half because somebody else has left it.
func (l *Looker) lookAtHalves(ctx context.Context, all []Finding) error {
	var unknown []*Finding
	var halves []netdiag.Endpoint
	var own []sockdiag.Socket
	for i := range all {
		f := &all[i]
		lacks, some := f.Look.Lacks()
		if !some {
			continue
		}
		f.Lacks = lacks
		if before, ok := l.halves[f.Endpoint]; ok && slices.Equal(before.beside, keysOf(f.Own)) {
			f.Holders = before.holders
			continue
		}
		unknown, halves, own = append(unknown, f), append(halves, lacks), append(own, f.Own...)
	}
	if len(unknown) == 0 {
		return nil
	}
	holders, err := l.others(ctx, halves, own)
	if err != nil {
		return err
	}
	for i, f := range unknown {
		f.Holders = holders[i]
		l.halves[f.Endpoint] = half{keysOf(f.Own), f.Holders}
	}
	return nil
}

// others are, of each endpoint, those in its way that are not the service's own, which has these sockets.
func (l *Looker) others(ctx context.Context, endpoints []netdiag.Endpoint, own []sockdiag.Socket) ([][]netdiag.Holder, error) {
	all, err := l.prober.InTheWay(ctx, endpoints)
	if err != nil || !slices.ContainsFunc(all, func(some []netdiag.Holder) bool { return len(some) > 0 }) {
		return all, err
	}
	ours := l.whose.recognise(l.prober.Owned(ctx, own))
	for i := range all {
		all[i] = slices.DeleteFunc(all[i], func(h netdiag.Holder) bool { return ours(h.Socket, h.Owners) })
	}
	return all, nil
}

// Explain names who has what the service has not, and the processes of those that listen.
func (l *Looker) Explain(ctx context.Context, all []Finding) {
	var sockets []sockdiag.Socket
	var deaf []netdiag.Endpoint
	for _, f := range all {
		sockets = append(append(sockets, f.Own...), f.Others...)
		if f.State == served.Deaf {
			deaf = append(deaf, f.Endpoint)
		}
	}
	owned := l.prober.Owned(ctx, sockets)
	var inTheWay [][]netdiag.Holder
	var unexplained error
	if len(deaf) > 0 {
		inTheWay, unexplained = l.others(ctx, deaf, nil)
	}
	for i := range all {
		f := &all[i]
		f.Listeners, owned = owned[:len(f.Own):len(f.Own)], owned[len(f.Own):]
		others := owned[:len(f.Others):len(f.Others)]
		owned = owned[len(f.Others):]
		switch {
		case f.State == served.Other:
			f.Holders = others
		case f.State == served.Deaf && unexplained != nil:
			f.Unexplained = unexplained
		case f.State == served.Deaf:
			f.Holders, inTheWay = inTheWay[0], inTheWay[1:]
		}
	}
}

// Have are those of some processes that listen on one of the endpoints.
func (l *Looker) Have(ctx context.Context, processes []owner.Stat) ([]owner.Stat, error) {
	listening, err := l.prober.Listening(ctx, l.endpoints)
	if err != nil {
		return nil, err
	}
	var sockets []sockdiag.Socket
	for _, e := range l.endpoints {
		sockets = append(sockets, served.At(e, listening, func(sockdiag.Socket) bool { return true }).Own...)
	}
	holders := l.prober.Owned(ctx, sockets)
	return slices.DeleteFunc(slices.Clone(processes), func(p owner.Stat) bool {
		return !slices.ContainsFunc(holders, func(h netdiag.Holder) bool { return ofFamily(h.Socket, h.Owners, []owner.Stat{p}) })
	}), nil
}

// socketKey tells a socket from others, as far as /proc/net does, too.
type socketKey struct {
	cookie uint64
	inode  uint32
}

func keyOf(s sockdiag.Socket) socketKey { return socketKey{s.Cookie, s.Inode} }

func keysOf(all []sockdiag.Socket) []socketKey {
	keys := make([]socketKey, len(all))
	for i, s := range all {
		keys[i] = keyOf(s)
	}
	return keys
}
