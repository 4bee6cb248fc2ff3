package netdiag

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Counters are the kernel's counts, since the network namespace was made, of what outgoing connections do to ports.
type Counters struct {
	ActiveOpens uint64 // connect()s that sent a SYN (Tcp in /proc/net/snmp)
	// Recycled are the connections that took the port of a TIME_WAIT to the same destination, by tcp_tw_reuse or a newer
	// SYN (TcpExt TWRecycled in /proc/net/netstat).
	Recycled uint64
}

// ReadCounters reads those of the calling thread's network namespace. It needs no privilege.
func ReadCounters() (Counters, error) {
	snmp, err := os.ReadFile("/proc/thread-self/net/snmp")
	if err != nil {
		return Counters{}, err
	}
	netstat, err := os.ReadFile("/proc/thread-self/net/netstat")
	if err != nil {
		return Counters{}, err
	}
	var c Counters
	if c.ActiveOpens, err = parseCounter(snmp, "Tcp:", "ActiveOpens"); err != nil {
		return Counters{}, fmt.Errorf("/proc/net/snmp: %w", err)
	}
	if c.Recycled, err = parseCounter(netstat, "TcpExt:", "TWRecycled"); err != nil {
		return Counters{}, fmt.Errorf("/proc/net/netstat: %w", err)
	}
	return c, nil
}

// parseCounter reads one counter of a file that has two lines a group: the names, then the values.
func parseCounter(text []byte, group, name string) (uint64, error) {
	var names [][]byte
	for line := range bytes.Lines(text) {
		f := bytes.Fields(line)
		switch {
		case len(f) == 0 || string(f[0]) != group:
			continue
		case names == nil:
			names = f
			continue
		}
		for i := range min(len(names), len(f)) {
			if string(names[i]) != name {
				continue
			}
			n, err := strconv.ParseUint(string(f[i]), 10, 64)
			if err != nil {
				return 0, err
			}
			return n, nil
		}
		break
	}
	return 0, fmt.Errorf("no %s %s", group, name)
}
