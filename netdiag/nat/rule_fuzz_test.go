package nat

import (
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Any bytes for a rule: it is an error, or has an end.
func FuzzRule(f *testing.F) {
	step := func(name string, attrs ...*nl.RtAttr) []byte {
		e := nl.NewRtAttr(unix.NFTA_LIST_ELEM, nil)
		e.AddRtAttr(unix.NFTA_EXPR_NAME, nl.ZeroTerminated(name))
		data := e.AddRtAttr(unix.NFTA_EXPR_DATA, nil)
		for _, a := range attrs {
			data.AddChild(a)
		}
		return e.Serialize()
	}
	number := func(kind int, n byte) *nl.RtAttr { return nl.NewRtAttr(kind, []byte{0, 0, 0, n}) }
	f.Add(append(step("payload", number(unix.NFTA_PAYLOAD_DREG, 1), number(unix.NFTA_PAYLOAD_BASE, 2), number(unix.NFTA_PAYLOAD_OFFSET, 2), number(unix.NFTA_PAYLOAD_LEN, 2)),
		step("redir", number(unix.NFTA_REDIR_REG_PROTO_MIN, 1))...))
	f.Add(step("target", nl.NewRtAttr(unix.NFTA_TARGET_NAME, nl.ZeroTerminated("DNAT")), number(unix.NFTA_TARGET_REV, 2), nl.NewRtAttr(unix.NFTA_TARGET_INFO, make([]byte, 44))))
	f.Add(step("match", nl.NewRtAttr(unix.NFTA_MATCH_NAME, nl.ZeroTerminated("multiport")), number(unix.NFTA_MATCH_REV, 1), nl.NewRtAttr(unix.NFTA_MATCH_INFO, make([]byte, 48))))
	f.Add(step("bitwise", number(unix.NFTA_BITWISE_SREG, 23), number(unix.NFTA_BITWISE_DREG, 23)))
	f.Fuzz(func(t *testing.T, b []byte) {
		id := chainID{unix.NFPROTO_INET, "t", "c"}
		for _, to := range []string{"10.99.0.1", "fd99::1"} {
			r := &Rules{chains: map[chainID]*chain{id: {hook: hookOutput}}, sets: map[setID]*set{}, addresses: []netip.Addr{netip.MustParseAddr(to)}}
			if r.add(id, b) != nil {
				return
			}
			r.enter()
			p := packet{unix.IPPROTO_TCP, r.addresses[0], 30010, hookOutput}
			w := walk{rules: r, packet: p}
			if rule := r.chains[id].rules[0]; rule.misses(p) {
				if fits, _ := w.rule(id, rule.expressions); fits != no {
					t.Errorf("passed by at a glance: %+v", rule)
				}
			}
			for _, d := range r.Of(unix.IPPROTO_TCP, netip.Addr{}, 30010) {
				if d.Rule() != "inet t c" {
					t.Errorf("%+v", d)
				}
			}
		}
	})
}
