package report

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
	"portguard/netdiag/nat"
	"portguard/wrapper"
)

// ReadFirewall reads the rules that may send a port's clients elsewhere; nil where they cannot be read, with the reason.
func ReadFirewall() (*nat.Rules, error) {
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return nat.Read(ctx)
}

// Diverted are the rules that send the clients of an endpoint elsewhere.
func Diverted(rules *nat.Rules, e netdiag.Endpoint) []nat.Diversion {
	if rules == nil {
		return nil
	}
	return rules.Of(uint8(e.Protocol), e.Addr, e.Port)
}

// diverted tells of rules that send the endpoint's clients elsewhere: bind() and listen() succeed, and nobody comes.
func (t Text) diverted(o *wrapper.Outcome) {
	for i, d := range Diverted(t.Facts.firewall(), o.Endpoint) {
		if i == 0 {
			fmt.Fprintln(t.W)
		}
		t.Say("nat", DiversionText(d))
	}
}

// DiversionText is a sentence about one: bind() and listen() succeed, and nobody comes.
func DiversionText(d nat.Diversion) string {
	who := "clients of other hosts"
	if d.Local {
		who = "clients of this host"
	}
	if d.Some {
		who = "some " + who
	}
	return fmt.Sprintf("%s are sent to %s by the firewall (nftables, %s), whoever listens here", who, targetText(d), page.Safe(d.Rule()))
}

func targetText(d nat.Diversion) string {
	through := func(first, last string) string {
		if first == last {
			return first
		}
		return first + "-" + last
	}
	hosts := through(d.To.Addr().String(), d.Last.Addr().String())
	ports := through(strconv.Itoa(int(d.To.Port())), strconv.Itoa(int(d.Last.Port())))
	switch here, samePort := !d.To.Addr().IsValid(), d.To.Port() == 0; {
	case here && samePort:
		return "somewhere else"
	case here && d.To == d.Last:
		return "port " + ports
	case here:
		return "one of ports " + ports
	case samePort:
		return hosts
	}
	return net.JoinHostPort(hosts, ports)
}

// JSONDiversion is one in JSON.
type JSONDiversion struct {
	Rule  string  `json:"rule"`  // family, table, chain
	To    *string `json:"to"`    // where clients get to instead: address and port, or one of them, or a range of them; null: not known
	Local bool    `json:"local"` // clients of this host; else of others
	Some  bool    `json:"some"`  // of them, those that the rule is for
}

// DiversionsJSON is all of an endpoint's that these rules have; null where that is not known.
func DiversionsJSON(rules *nat.Rules, all []nat.Diversion) *[]JSONDiversion {
	if rules == nil || !rules.Known(all) {
		return nil
	}
	list := []JSONDiversion{}
	for _, d := range all {
		j := JSONDiversion{Rule: d.Rule(), Local: d.Local, Some: d.Some}
		if to := targetText(d); d.To != (netip.AddrPort{}) {
			j.To = &to
		}
		list = append(list, j)
	}
	return &list
}
