package wrapper

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper/decide"
)

func cookieHolder(cookie uint64) netdiag.Holder {
	return netdiag.Holder{Socket: sockdiag.Socket{Cookie: cookie}}
}

// What a report tells of is who is in the way now, and those of before that an action is about.
func TestOutcomeTellsOfWhoIsThereAndWhoWasActedOn(t *testing.T) {
	var o Outcome
	o.Holders = []netdiag.Holder{cookieHolder(1), cookieHolder(2), cookieHolder(3)}
	for _, a := range []Action{
		{decide.Share, &o.Holders[1], decide.NotPossible, "it listens"},
		{decide.Share, &o.Holders[2], decide.Done, "shared"},
		{decide.Wait, nil, decide.Would, "wait"},
		{decide.Close, &o.Holders[1], decide.NotPossible, "it listens"},
	} {
		o.add(a)
	}
	o.Holders = []netdiag.Holder{cookieHolder(2), cookieHolder(4)}
	var cookies []uint64
	for _, h := range o.Told() {
		cookies = append(cookies, h.Socket.Cookie)
	}
	if diff := cmp.Diff([]uint64{2, 4, 3}, cookies); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A rung looks again and again, and refuses a holder of before in the same words.
func TestActionIsRecordedOnce(t *testing.T) {
	first, again, other := cookieHolder(1), cookieHolder(1), cookieHolder(2)
	var o Outcome
	for _, tt := range []struct {
		name string
		Action
		want bool
	}{
		{"the first", Action{decide.Kill, &first, decide.NotPossible, "it listens"}, true},
		{"the same holder, looked at again", Action{decide.Kill, &again, decide.NotPossible, "it listens"}, false},
		{"another holder", Action{decide.Kill, &other, decide.NotPossible, "it listens"}, true},
		{"another rung", Action{decide.Close, &again, decide.NotPossible, "it listens"}, true},
		{"another result", Action{decide.Kill, &again, decide.Failed, "it listens"}, true},
		{"another reason", Action{decide.Kill, &again, decide.NotPossible, "pid 1"}, true},
		{"about the endpoint", Action{decide.Kill, nil, decide.NotPossible, "it listens"}, true},
		{"about the endpoint again", Action{decide.Kill, nil, decide.NotPossible, "it listens"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := o.add(tt.Action); got != tt.want {
				t.Errorf("recorded %t, want %t", got, tt.want)
			}
		})
	}
	if len(o.Actions) != 6 {
		t.Errorf("%d actions, want 6", len(o.Actions))
	}
}
