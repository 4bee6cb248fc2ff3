package nat

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

const (
	hookPrerouting = unix.NF_INET_PRE_ROUTING // where clients of other hosts come by
	hookOutput     = unix.NF_INET_LOCAL_OUT   // and those of this one
)

// packet is the first of a client's connection, as far as it is known.
type packet struct {
	protocol uint8
	to       netip.Addr
	port     uint16
	hook     int
}

func (p packet) family() uint8 {
	if p.to.Is4() {
		return unix.NFPROTO_IPV4
	}
	return unix.NFPROTO_IPV6
}

// walk is a packet's way.
type walk struct {
	rules  *Rules
	packet packet
	found  []Diversion
	steps  int
}

const (
	// mostSteps bounds the rules that are looked at, as jumps may lead through the same ones again and again.
	mostSteps = 1 << 20
	mostJumps = 16 // NFT_JUMP_STACK_SIZE
)

// hooks goes through the chains that packets enter, in the order of their priorities.
func (w *walk) hooks() {
	sure := true
	for _, id := range w.rules.entries[w.packet.hook] {
		if id.family != unix.NFPROTO_INET && id.family != w.packet.family() {
			continue
		}
		diverted := len(w.found)
		w.chain(id, sure, 0)
		for _, d := range w.found[diverted:] {
			sure = sure && d.Some // who has been sent elsewhere is not sent again
		}
	}
}

// outcome is what becomes of a packet at the end of a rule or chain.
type outcome int

const (
	goesOn outcome = iota
	returns
	ends // no later rule of the hook's chain sees it
)

// chain is a packet's way through a chain. Where it is not sure that the packet comes there, or that a rule is for it, it may go on.
// some: the way of some packets has ended here, if not of all.
func (w *walk) chain(id chainID, sure bool, jumps int) (became outcome, some bool) {
	c := w.rules.chains[id]
	if c == nil || jumps > mostJumps {
		return goesOn, some
	}
	for i := range c.rules {
		if w.steps++; w.steps > mostSteps {
			return goesOn, some
		}
		rule := &c.rules[i]
		if rule.misses(w.packet) {
			continue
		}
		fits, act := w.rule(id, rule.expressions)
		if fits == no {
			continue
		}
		here := sure && fits == yes
		became, ended := goesOn, false
		switch act.kind {
		case accept:
			became = ends
		case back:
			became = returns
		case jump:
			if became, ended = w.chain(chainID{id.family, id.table, act.chain}, here, jumps+1); became == returns {
				became = goesOn
			}
		case tail:
			if became, ended = w.chain(chainID{id.family, id.table, act.chain}, here, jumps+1); became == goesOn {
				became = returns
			}
		case divert:
			w.divert(id, act.to, !here)
			became = ends
		}
		some = some || ended || became == ends && fits != yes
		if became != goesOn && fits == yes {
			return became, some
		}
		sure = sure && became == goesOn && !ended // else it may have left already
	}
	return goesOn, some
}

func (w *walk) divert(id chainID, to target, some bool) {
	first := to.first
	stays := !first.Addr().IsValid() && (first.Port() == 0 || first.Port() == w.packet.port) || first == netip.AddrPortFrom(w.packet.to, w.packet.port)
	if stays && first == to.last && !to.unknown {
		return // a redirect to itself
	}
	w.found = append(w.found, Diversion{Family: familyName(id.family), Table: id.table, Chain: id.name, To: first, Last: to.last, Some: some})
}

func familyName(family uint8) string {
	switch family {
	case unix.NFPROTO_IPV4:
		return "ip"
	case unix.NFPROTO_IPV6:
		return "ip6"
	}
	return "inet"
}

// rule is whether a rule is for the packet, and what it does with it. What is behind a condition that is not met is not looked at.
func (w *walk) rule(id chainID, expressions []expression) (fits answer, act action) {
	regs := registers{packet: w.packet, sets: w.rules.sets, table: id}
	fits = yes
	for _, e := range expressions {
		a, does := regs.run(e)
		if fits = min(fits, a); fits == no {
			return no, action{}
		}
		if does.kind != nothing {
			return fits, does
		}
	}
	return fits, action{}
}
