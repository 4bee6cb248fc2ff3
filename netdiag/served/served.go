// Package served answers: does a service listen on its endpoint, whole or by half, or does somebody else? It is a function of the
// sockets that listen, and of whose they are.
//
// Many servers make one socket for each family, and go on with one of them when somebody has the port in the other: they are up, and
// deaf to half of their clients. One that listens in one family by its own choice looks the same. What tells them apart is whether
// somebody else has the other half.
package served

import (
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// State is what of an endpoint is served.
type State uint8

// The states, the worst first.
const (
	Deaf  State = iota // nobody listens
	Other              // somebody else listens, and the service does not
	Half               // the service listens in one family, and somebody else has the port in the other
	Whole              // the service listens, and nobody else has any of it
)

func (s State) String() string {
	return [...]string{"deaf", "other", "half", "whole"}[s]
}

// Look is who listens on an endpoint at one moment. For UDP, who has it bound.
type Look struct {
	Endpoint netdiag.Endpoint
	Own      []sockdiag.Socket // the service's
	Others   []sockdiag.Socket // somebody else's
}

// At picks the sockets that serve an endpoint, or one half of it, from all that listen, and sorts them by whose they are.
func At(e netdiag.Endpoint, listening []sockdiag.Socket, own func(sockdiag.Socket) bool) Look {
	l := Look{Endpoint: e}
	for _, s := range listening {
		switch {
		case !serves(s, e):
		case own(s):
			l.Own = append(l.Own, s)
		default:
			l.Others = append(l.Others, s)
		}
	}
	if e.Addr.IsValid() && halved(e) && !families(l.Own).six {
		l.Own = nil // 0.0.0.0 goes with [::], and is none
	}
	return l
}

// State judges. taken: somebody else has what the service Lacks.
func (l Look) State(taken bool) State {
	_, lacks := l.Lacks()
	switch {
	case len(l.Own) > 0 && lacks && taken:
		return Half
	case len(l.Own) > 0:
		return Whole
	case len(l.Others) > 0:
		return Other
	}
	return Deaf
}

// Lacks is the half of the endpoint that the service does not listen on, as it would bind it. False: it listens on both, or on
// nothing, or the endpoint has no halves.
func (l Look) Lacks() (netdiag.Endpoint, bool) {
	has := families(l.Own)
	if !halved(l.Endpoint) || len(l.Own) == 0 || has.four && has.six {
		return netdiag.Endpoint{}, false
	}
	half := l.Endpoint
	half.Addr = twin(l.Own, has.four)
	half.V6Only = half.Addr.Is6()
	return half, true
}
