package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/page"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// listed is which actions a report lists.
type listed uint8

const (
	none   listed = iota // in front of a COMMAND, where each was said when it happened
	untold               // on the terminal on which acts were said when they happened
	every
)

// actionKind is what actions have in common of which only the first are told.
type actionKind struct {
	rung   decide.Rung
	result decide.Result
}

// toList are the actions that the report lists.
func (t Text) toList(o *wrapper.Outcome) []wrapper.Action {
	switch t.actions {
	case every:
		return o.Actions
	case untold:
		var some []wrapper.Action
		for _, a := range o.Actions {
			if !toldAtOnce(a) {
				some = append(some, a)
			}
		}
		return some
	}
	return nil
}

// toldAtOnce reports whether an action has done something to others, which is said when it happens.
func toldAtOnce(a wrapper.Action) bool {
	return a.Rung != decide.Wait && (a.Result == decide.Done || a.Result == decide.Failed)
}

// listActions lists of each kind as many as holders are shown.
func (t Text) listActions(o *wrapper.Outcome) {
	all := distinct(t.toList(o))
	if len(all) > 0 {
		fmt.Fprintln(t.W)
	}
	seen, total := map[actionKind]int{}, map[actionKind]int{}
	for _, a := range all {
		total[actionKind{a.Rung, a.Result}]++
	}
	for _, a := range all {
		kind := actionKind{a.Rung, a.Result}
		seen[kind]++
		switch n := seen[kind]; {
		case n <= MaxHolders:
			t.page().Hang(fmt.Sprintf("  %-7s ", a.Rung), below, 0, fmt.Sprintf("%s: %s", resultText(a.Result), page.Safe(a.Detail)))
		case n == total[kind]:
			t.Say("", fmt.Sprintf("and %d more (--json has them all)", n-MaxHolders))
		}
	}
}

// distinct leaves out what reads the same: a process that has many of the sockets is ended once.
func distinct(all []wrapper.Action) []wrapper.Action {
	type text struct {
		actionKind
		detail string
	}
	seen := map[text]bool{}
	return slices.DeleteFunc(slices.Clone(all), func(a wrapper.Action) bool {
		t := text{actionKind{a.Rung, a.Result}, a.Detail}
		again := seen[t]
		seen[t] = true
		return again
	})
}

// acts counts what was said of what was done, so that the log of a port with hundreds of connections can be read.
type acts struct {
	said  map[string]bool
	count map[string]int
	kinds []string // in the order in which they came
}

// news reports whether an action is to be said. Of each endpoint, rung and result, the first are, as often as holders are shown.
func (s *acts) news(o *wrapper.Outcome, a wrapper.Action) bool {
	if s.said == nil {
		s.said, s.count = map[string]bool{}, map[string]int{}
	}
	kind := fmt.Sprintf("%s: %s %s", o.Endpoint, a.Rung, resultText(a.Result))
	text := kind + a.Detail
	if s.said[text] {
		return false
	}
	s.said[text] = true
	if s.count[kind]++; s.count[kind] == 1 {
		s.kinds = append(s.kinds, kind)
	}
	return s.count[kind] <= MaxHolders
}

// end says how many were not.
func (s *acts) end(log cli.Log) {
	for _, kind := range s.kinds {
		if n := s.count[kind] - MaxHolders; n > 0 {
			log.Say(cli.MsgActed, journal.PriNotice, nil, fmt.Sprintf("%s: and %d more", kind, n))
		}
	}
	*s = acts{}
}

// resultText is a result for people: "not possible". JSON has the word of the code, "not-possible".
func resultText(r decide.Result) string { return strings.ReplaceAll(string(r), "-", " ") }

// outcomeText is what came of one action, in a clause: "close not possible: its program asked for the port".
func outcomeText(a wrapper.Action) string {
	return fmt.Sprintf("%s %s: %s", a.Rung, resultText(a.Result), page.Safe(a.Detail))
}

// outcomesText is what came of the rungs, each after a semicolon: of every rung and result one holder's, and how many more there are.
func outcomesText(o *wrapper.Outcome) string {
	more := map[actionKind]int{}
	var first []wrapper.Action
	for _, a := range o.Actions {
		k := actionKind{a.Rung, a.Result}
		if more[k]++; more[k] == 1 {
			first = append(first, a)
		}
	}
	var b strings.Builder
	for _, a := range first {
		b.WriteString("; " + outcomeText(a))
		if n := more[actionKind{a.Rung, a.Result}] - 1; n > 0 {
			fmt.Fprintf(&b, " (and %d more)", n)
		}
	}
	return b.String()
}
