package netdiag

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"strconv"

	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

// An SMC socket (AF_SMC, IPPROTO_SMC: smc_run) has a TCP socket behind it, which the kernel has made: it holds the port, no process
// has it open, and it looks like one of the kernel's own.

// nameSMC adds the programs with SMC sockets to what was found of the TCP sockets behind them. Nobody is asked where the network
// namespace has none: to ask may load a module.
func (p *Prober) nameSMC(ctx context.Context, findings []*Finding, found owner.Result, t *tables) {
	if p.degraded != nil || found.Held == nil {
		return
	}
	behind := map[portsOfEnds][]sockdiag.Socket{}
	for _, f := range findings {
		for s := range t.candidates(f) {
			if Protocol(s.Protocol) == TCP && s.Inode != 0 && len(found.Owners[s.Inode]) == 0 {
				behind[portsAt(s)] = append(behind[portsAt(s)], s)
			}
		}
	}
	if len(behind) == 0 || smcSockets() == 0 {
		return
	}
	sockets, err := p.diag.SMC(ctx)
	if err != nil {
		t.smcUnasked = true
		return
	}
	tcp := map[uint32]uint32{} // by the inode of the SMC socket
	var inodes []uint32
	for _, s := range sockets {
		for _, o := range behind[portsAt(s)] {
			if s.Inode != 0 && mayBeBehind(o, s) {
				tcp[s.Inode] = o.Inode
				inodes = append(inodes, s.Inode)
			}
		}
	}
	owners, err := p.scanner.Find(ctx, inodes)
	if err != nil {
		t.smcUnasked = len(inodes) > 0
		return
	}
	for inode, all := range owners.Owners {
		for _, o := range all {
			found.Held[tcp[inode]] = append(found.Held[tcp[inode]], owner.Hint{Kind: owner.HintSMC, Process: o})
		}
	}
}

// portsOfEnds are the ports of a connection's ends.
type portsOfEnds struct{ local, remote uint16 }

func portsAt(s sockdiag.Socket) portsOfEnds {
	return portsOfEnds{s.Local.Port(), s.Remote.Port()}
}

// mayBeBehind compares the addresses, as far as the record of the SMC socket has them: that of an IPPROTO_SMC socket has none.
func mayBeBehind(tcp, smc sockdiag.Socket) bool {
	same := func(a, b netip.AddrPort) bool {
		return b.Addr().IsUnspecified() || Plain(a).Addr() == Plain(b).Addr()
	}
	return same(tcp.Local, smc.Local) && same(tcp.Remote, smc.Remote)
}

// smcSockets is how many there are in this network namespace, 0 where that cannot be read.
func smcSockets() int {
	text, err := os.ReadFile("/proc/thread-self/net/protocols")
	if err != nil {
		return 0
	}
	return countSMC(text)
}

// countSMC adds up the lines of SMC, SMC6, INET_SMC and INET6_SMC: name, size, sockets ...
func countSMC(protocols []byte) (n int) {
	for line := range bytes.Lines(protocols) {
		if f := bytes.Fields(line); len(f) > 2 && bytes.Contains(f[0], []byte("SMC")) {
			sockets, _ := strconv.Atoi(string(f[2]))
			n += sockets
		}
	}
	return n
}
