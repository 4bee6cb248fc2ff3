package report

import (
	"fmt"
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag"
	"portguard/wrapper"
)

// resultText is a result for people: "not possible". JSON has the word of the code, "not-possible".
func resultText(r wrapper.Result) string { return strings.ReplaceAll(string(r), "-", " ") }

// outcomeText is what came of one action, in a clause: "close not possible: its program asked for the port".
func outcomeText(a wrapper.Action) string {
	return fmt.Sprintf("%s %s: %s", a.Rung, resultText(a.Result), cli.Safe(a.Detail))
}

// outcomesText is what came of the rungs, each after a semicolon: of every rung and result one holder's, and how many more there are.
func outcomesText(o *wrapper.Outcome) string {
	type key struct {
		rung   wrapper.Rung
		result wrapper.Result
	}
	more := map[key]int{}
	var first []wrapper.Action
	for _, a := range o.Actions {
		k := key{a.Rung, a.Result}
		if more[k]++; more[k] == 1 {
			first = append(first, a)
		}
	}
	var b strings.Builder
	for _, a := range first {
		b.WriteString("; " + outcomeText(a))
		if n := more[key{a.Rung, a.Result}] - 1; n > 0 {
			fmt.Fprintf(&b, " (and %d more)", n)
		}
	}
	return b.String()
}

// inVain reports whether a rung of this run has acted on a holder that is still in the way, or has waited to its end: to advise it
// would be the same once more.
func inVain(o *wrapper.Outcome, r wrapper.Rung) bool {
	if r == wrapper.Wait {
		return o.TimedOut
	}
	there := map[netdiag.SocketID]bool{}
	for i := range o.Holders {
		there[o.Holders[i].ID()] = true
	}
	return slices.ContainsFunc(o.Actions, func(a wrapper.Action) bool {
		return a.Rung == r && (a.Result == wrapper.Done || a.Result == wrapper.Failed) && a.Holder != nil && there[a.Holder.ID()]
	})
}
