package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report/advise"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/cmd/portguard/internal/report/why"
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper"
)

// MaxHolders is how many holders of one endpoint are shown in full; JSON has them all.
const MaxHolders = 8

// Text writes the report that a person reads.
type Text struct {
	W     io.Writer
	Width int // as a page.Page has it
	Facts Facts
	Now   time.Time
	Paint page.Paint
	// actions are those that are listed.
	actions listed
}

// Render writes the report.
func (t Text) Render(r *wrapper.Report) {
	t.Facts = t.Facts.about(r)
	groups := t.fold(r.Outcomes)
	for i, g := range groups {
		if i > 0 && len(g.Holders)+len(groups[i-1].Holders) > 0 {
			fmt.Fprintln(t.W)
		}
		t.outcome(g)
	}
	if text := tally(r); text != "" && len(groups) > 2 {
		fmt.Fprintln(t.W)
		t.page().Line(0, text)
	}
	t.advice(t.Facts.advice(r))
	for _, text := range limits(r) {
		fmt.Fprintln(t.W)
		t.Say("note", page.Safe(text))
	}
}

// below is the column of what is said, behind the words in the margin.
const below = 10

func (t Text) page() page.Page { return page.Page{Writer: t.W, Width: t.Width} }

// Say writes a text behind a word in the margin.
func (t Text) Say(label, text string) {
	if label != "" {
		label = "  " + t.Paint.Label(label)
	}
	t.page().Hang(label, max(below, page.WidthOf(label)+1), 0, text)
}

// limits is what the report may lack, and why.
func limits(r *wrapper.Report) []string {
	partial := func(o wrapper.Outcome) bool { return o.Partial && o.Trial.Verdict == netdiag.Taken }
	switch {
	case r.Degraded != nil:
		return []string{DegradedText(r.Degraded)}
	case slices.ContainsFunc(r.Outcomes, partial):
		return []string{"there may be more in the way than shows: " + wrapper.Unseen}
	}
	return nil
}

// DegradedText says what is missing, and what would give it.
func DegradedText(err error) string {
	needs := "a unit needs RestrictAddressFamilies=AF_NETLINK for it"
	if errors.Is(err, unix.EACCES) {
		needs = "a security module forbids it: a profile of AppArmor's needs network netlink"
	}
	return fmt.Sprintf("%v: /proc/net was read instead, which shows neither idle bound sockets nor units (%s)", err, needs)
}

func (t Text) outcome(g group) {
	t.page().Hang("", 0, 2, t.heading(g))
	if g.Trial.Verdict == netdiag.Taken {
		t.holders(g)
	}
	t.listActions(g.Outcome)
	if g.WouldBeFree {
		fmt.Fprintln(t.W)
		t.Say("then", g.name()+" would be free")
	}
	t.diverted(g.Outcome)
}

func (t Text) holders(g group) {
	switch {
	case g.Unexplained != nil:
		fmt.Fprintln(t.W)
		t.Say("holder", "not known: "+page.Safe(g.Unexplained.Error()))
	case len(g.Holders) == 0:
		fmt.Fprintln(t.W)
		t.Say("holder", "not known: the kernel's tables show nobody on this port. Linux before 6.8 does not list a socket that is bound and neither listens nor is connected")
	}
	t.Holders(g.Holders)
	if n := g.ports(); n > 1 && len(g.Holders) > 0 {
		t.Say("", fmt.Sprintf("and the same on the other %s", page.Count(n-1)))
	}
}

// Holders tells of each what is known of it.
func (t Text) Holders(all []netdiag.Holder) {
	for i, h := range all {
		if i == MaxHolders {
			fmt.Fprintf(t.W, "\n  and %d more (--json has them all)\n", len(all)-MaxHolders)
			break
		}
		t.holder(h)
	}
}

func (t Text) holder(h netdiag.Holder) {
	fmt.Fprintln(t.W)
	for i, p := range h.Owners {
		if i == names.MaxProcesses {
			t.Say("", fmt.Sprintf("and %d more processes (--json has them all)", len(h.Owners)-i))
			break
		}
		t.Say("holder", fmt.Sprintf("%s (pid %d, %s%s), running for %s%s", t.Paint.Name(page.Safe(p.Command)), p.PID,
			page.Safe(names.UserOf(p)), names.WhereOf(names.CgroupOf(h, p)), names.Age(t.Now.Sub(p.Started)), names.Hindered(p)))
		if len(p.Args) > 0 {
			fmt.Fprintf(t.W, "%*s%s\n", below, "", page.CommandLine(p.Args, t.shorter(100)))
		}
	}
	for _, hint := range h.Hints {
		perhaps := ""
		if !hint.Kind.Certain() {
			perhaps = "perhaps "
		}
		t.Say("held by", fmt.Sprintf("%s%s (pid %d, %s), by fd %d%s", perhaps, page.Safe(hint.Process.Command), hint.Process.PID, page.Safe(names.UserOf(hint.Process)), hint.Process.FD, names.Hindered(hint.Process)))
	}
	if len(h.Owners) == 0 && len(h.Hints) == 0 {
		t.Say("holder", names.Nobody(h)+names.WhereOf(h.Cgroup))
	}
	t.Say("socket", fmt.Sprintf("%s%s  %s%s", h.Local(), names.Arrow(h), stateText(h), names.FDs(h.Owners)))
	t.Say("", why.Sentence(h, t.Facts.Facts))
	for _, from := range names.Origins(h, t.Facts.Judge.Around) {
		t.Say("from", from)
	}
	switch {
	case h.MayBeApart():
		t.Say("", "(it is bound in a VRF: whether it is in the way hangs on what net.ipv4.tcp_l3mdev_accept was then, which nothing tells)")
	case !h.Certain:
		t.Say("", "(whether it is in the way hangs on its socket options, which could not be seen)")
	}
}

// shorter is a length that also fits behind the margin.
func (t Text) shorter(length int) int {
	if room := t.page().Room(below); room > 0 {
		return min(room, length)
	}
	return length
}

// stateText is the state as ss and netstat have it: what is bound and has no connection is UNCONN there.
func stateText(h netdiag.Holder) string {
	if h.Socket.State == sockdiag.Close {
		return "UNCONN"
	}
	return h.Socket.State.String()
}

// advice writes the lines that would help.
func (t Text) advice(all []advise.Line) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(t.W)
	pairs := make([]page.Pair, len(all))
	when := ""
	for i, a := range all {
		pairs[i] = page.Pair{Command: a.Command, Does: a.Effect}
		if a.When != when {
			pairs[i].Margin = "  " + t.Paint.Label(a.When)
		}
		when = a.When
	}
	t.page().Pairs(below, pairs)
}
