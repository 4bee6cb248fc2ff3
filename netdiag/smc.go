package netdiag

import (
	"bytes"
	"context"
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
	behind := map[ends]uint32{}
	for _, f := range findings {
		for s := range t.candidates(f) {
			if Protocol(s.Protocol) == TCP && s.Inode != 0 && len(found.Owners[s.Inode]) == 0 {
				behind[smcEnds(s)] = s.Inode
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
		if inode, ok := behind[smcEnds(s)]; ok && s.Inode != 0 {
			tcp[s.Inode] = inode
			inodes = append(inodes, s.Inode)
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

// smcEnds are the same for both: the record of an SMC socket does not tell 0.0.0.0 from [::].
func smcEnds(s sockdiag.Socket) ends {
	e := endsOf(s)
	if s.Local.Addr().IsUnspecified() {
		e.local = strconv.Itoa(int(s.Local.Port()))
	}
	if s.Remote.Port() == 0 {
		e.remote = ""
	}
	return e
}

// smcSockets is how many there are in this network namespace, 0 where that cannot be read.
func smcSockets() int {
	text, err := os.ReadFile("/proc/thread-self/net/protocols")
	if err != nil {
		return 0
	}
	return countSMC(text)
}

// countSMC adds up the lines of SMC and SMC6: name, size, sockets ...
func countSMC(protocols []byte) (n int) {
	for line := range bytes.Lines(protocols) {
		if f := bytes.Fields(line); len(f) > 2 && (string(f[0]) == "SMC" || string(f[0]) == "SMC6") {
			sockets, _ := strconv.Atoi(string(f[2]))
			n += sockets
		}
	}
	return n
}
