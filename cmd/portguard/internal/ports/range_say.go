package ports

import (
	"cmp"
	"fmt"
	"io"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
	"portguard/netdiag/sockdiag"
	"slices"
)

// sayInside tells what lies inside and outside of a range.
func (s rangeState) sayInside(w io.Writer, r portrange.Range) {
	inside := portrange.Set{r}
	fmt.Fprintf(w, "ports      %d, %d of them reserved, %d in use now\n", inside.Len(), inside.Len()-s.usable(r), s.inUse(r))
	if r.Low%2 == r.High%2 {
		fmt.Fprintf(w, "parity     low and high are both %s\n", portrange.Parity(r.Low))
	}
	services := s.listening.Intersect(inside)
	if free := services.Minus(s.reserved); len(free) > 0 {
		fmt.Fprintf(w, "at risk    %s: services listen there, and the kernel may pick them: portguard reserve %s\n", free, free)
	}
	if safe := s.reserved.Intersect(inside); len(safe) > 0 {
		fmt.Fprintf(w, "reserved   %s inside\n", safe)
	}
	s.sayOutside(w, r)
}

// sayOutside names clients on ports that the kernel would not pick any more: they stay where they are. What remains of
// closed ones comes last, since it goes by itself.
func (s rangeState) sayOutside(w io.Writer, r portrange.Range) {
	outside := slices.DeleteFunc(slices.Clone(s.clients), func(c sockdiag.Socket) bool { return r.Contains(c.Local.Port()) })
	slices.SortStableFunc(outside, func(a, b sockdiag.Socket) int {
		return cmp.Compare(min(b.Inode, 1), min(a.Inode, 1))
	})
	more := len(outside) - report.MaxHolders
	for _, c := range outside[:min(len(outside), report.MaxHolders)] {
		peer := ""
		if c.Remote.Port() != 0 {
			peer = " -> " + netdiag.Plain(c.Remote).String()
		}
		until := "until it is closed"
		if c.Inode == 0 {
			until = "for a minute at most" // TIME_WAIT, FIN_WAIT2
		}
		fmt.Fprintf(w, "outside    %s%s  %s, %s\n", netdiag.Plain(c.Local), peer, c.State, until)
	}
	if more > 0 {
		fmt.Fprintf(w, "           and %d more\n", more)
	}
}
