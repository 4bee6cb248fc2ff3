package advise

import (
	"slices"
	"strings"

	"portguard/netdiag"
	"portguard/wrapper/decide"
)

// effect says what a line does: one that starts COMMAND, and one after which the service is to be started.
type effect struct{ starts, frees string }

func (e effect) of(apart bool) string {
	if apart {
		return e.frees
	}
	return e.starts
}

// unit is what is done from now on, at every start of the service.
func (e effect) unit() string { return "from its next start on: " + e.starts }

// effect is that of the rungs of a way.
func (a *advisor) effect(w decide.Way) effect {
	if len(w.Rungs) > 1 {
		return a.mixed(w)
	}
	var does string
	switch w.Rungs[0] {
	case decide.Share:
		return a.sharing()
	case decide.Close:
		does = "cut " + a.several("the connection", "the connections")
		if w.Listeners {
			does = "end the listening alone, which leaves the processes alive"
		}
		if slices.ContainsFunc(a.holders, func(h netdiag.Holder) bool { return h.ConnectedToItself() }) {
			return effect{"cut it, then start: its program reconnects, to the service", "cut it: its program reconnects, to the service"}
		}
	case decide.RestartUnit:
		does = "restart " + a.restarted() + ", which reconnects from another port"
	case decide.Kill:
		does = "end " + a.several("the process that has it", "the processes that have them")
		switch {
		case a.kinds[netdiag.Listener] && a.leftBehind():
			does = "end every process that has " + a.several("it", "them")
		case a.kinds[netdiag.Listener]:
			does = "end " + a.several("the service that has it", "the services that have them")
		}
	}
	return effect{does + ", then start", does}
}

// several picks the words for one endpoint or for more.
func (a *advisor) several(one, more string) string {
	if len(a.outcomes) > 1 {
		return more
	}
	return one
}

func (a *advisor) sharing() effect {
	beside := a.several("the connection", "the connections")
	switch {
	case a.kinds.only(netdiag.Remains):
		return effect{"clear what is left of the connection, then start", "clear what is left of the connection"}
	case a.kinds.only(netdiag.Bound):
		beside = a.several("the idle socket", "the idle sockets")
	}
	return effect{"start beside " + beside + ", nothing is cut", "let the service start beside " + beside + ", nothing is cut"}
}

// mixed is about what takes more than one rung: several sockets are in the way.
func (a *advisor) mixed(w decide.Way) effect {
	var parts []string
	for _, r := range w.Rungs {
		switch r {
		case decide.Share:
			parts = append(parts, "share what can be shared")
		case decide.Close:
			parts = append(parts, "cut the other connections")
		case decide.RestartUnit:
			parts = append(parts, "restart the services that have the rest")
		case decide.Kill:
			parts = append(parts, "end the processes that have the rest")
		}
	}
	does := strings.Join(parts, ", ")
	return effect{does + ", then start", does}
}

func (a *advisor) restarted() string {
	if unit := decide.ServiceOfAll(a.holders); unit != "" {
		return unit
	}
	return "the services that have them"
}
