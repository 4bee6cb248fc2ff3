// Package bootrange answers: which ports will the kernel pick from after the next boot, and which line of which file says so?
//
// A line counts as it is written to the kernel at boot, which is not always what it looks like: one number alone changes the low end
// of the range, and a range that begins below net.ipv4.ip_unprivileged_port_start, as it is at that moment, is refused.
package bootrange

import (
	"fmt"
	"strconv"
	"strings"

	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/sysctld"
)

// What the kernel starts with (net/ipv4/af_inet.c, net/ipv4/ip_input.c).
const (
	kernelLow, kernelHigh = 32768, 60999
	kernelLowest          = 1024
)

// lowestKey is the sysctl below which no range begins.
const lowestKey = "net/ipv4/ip_unprivileged_port_start"

// Boot is what one program makes of all files.
type Boot struct {
	Range portrange.Range
	// Line says so; without a path where no line does, and the range is what the kernel starts with.
	Line sysctld.Line
	// Refused are the lines about the range that the kernel does not take.
	Refused []Refusal
}

// Refusal is a line that sets nothing.
type Refusal struct {
	Line sysctld.Line
	Why  string
}

// Of is what a program makes of the files.
func Of(c sysctld.Config, p sysctld.Program) Boot {
	b := Boot{Range: portrange.Range{Low: kernelLow, High: kernelHigh}}
	lowest := uint16(kernelLowest)
	for _, w := range c.Written(p, lowestKey, string(portrange.KernelRange)) {
		if w.Key == lowestKey {
			// Above the range it is refused as well (net/ipv4/sysctl_net_ipv4.c).
			first, _, _ := strings.Cut(w.Line.Value, " ")
			if n, err := strconv.ParseUint(first, 0, 16); err == nil && uint16(n) <= b.Range.Low {
				lowest = uint16(n)
			}
			continue
		}
		r, err := b.Range.Assign(w.Line.Value)
		if err == nil && r.Low < lowest {
			err = fmt.Errorf("%s begins below net.ipv4.ip_unprivileged_port_start, which is %d then", r, lowest)
		}
		if err != nil {
			b.Refused = append(b.Refused, Refusal{w.Line, err.Error()})
			continue
		}
		b.Range, b.Line = r, w.Line
	}
	return b
}
