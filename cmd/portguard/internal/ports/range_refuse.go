package ports

import (
	"fmt"
	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag/portrange"
)

// refuse is why a range must not be set, if it must not.
func (s rangeState) refuse(r portrange.Range, force bool) error {
	if r.Low < s.lowest {
		right := portrange.Range{Low: s.lowest, High: r.High}
		if right.High <= right.Low || s.refuse(right, force) != nil {
			right = portrange.Range{Low: 32768, High: 60999} // the kernel's own
		}
		return cli.Misuse(
			fmt.Sprintf("%s begins below net.ipv4.ip_unprivileged_port_start (%d), which the kernel does not take", r, s.lowest),
			fmt.Sprintf("portguard range %s", right), mend.Instead(right.String()),
		)
	}
	usable, inUse := s.usable(r), s.inUse(s.kernel) // who has a port now needs one then
	switch {
	case force, r == s.kernel, usable >= portrange.Fewest && usable >= inUse:
		return nil
	case usable < portrange.Fewest:
		return s.tooFew(r, fmt.Sprintf("%s leaves %s for outgoing connections, fewer than %d (--force does it)", r, page.Count(usable), portrange.Fewest))
	}
	return s.tooFew(r, fmt.Sprintf("%s leaves %d ports, and %d are in use now (--force does it)", r, usable, inUse))
}

// tooFew shows the kernel's own range, where that is not refused as well.
func (s rangeState) tooFew(r portrange.Range, problem string) error {
	own := portrange.Range{Low: 32768, High: 60999}
	if r == own || s.refuse(own, false) != nil {
		return cli.Misuse(problem, "portguard range --force "+r.String(), mend.Named("--force"))
	}
	return cli.Misuse(problem, "portguard range "+own.String(), mend.Instead(own.String()))
}
