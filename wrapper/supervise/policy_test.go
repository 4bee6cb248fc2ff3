package supervise

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A run of a service: how long it ran, and whether that was a failure.
type run struct {
	ran    time.Duration
	failed bool
}

func again(after time.Duration) Decision { return Decision{Again: true, After: after} }

func TestPolicy(t *testing.T) {
	crash, done := run{0, true}, run{0, false}
	end, limit := Decision{}, Decision{LimitHit: true}
	const s = time.Second
	standard := Policy{Restart: OnFailure, Delay: s, Limit: 5, Window: time.Minute}
	unlimited := Policy{Restart: Always, Delay: s}
	for _, tt := range []struct {
		name   string
		policy Policy
		runs   []run
		want   []Decision
	}{
		{"no: one start", Policy{Restart: Never, Delay: s}, []run{crash}, []Decision{end}},
		{"on-failure: status 0 is the end", standard, []run{crash, done}, []Decision{again(s), end}},
		{"always: status 0 is not the end", unlimited, []run{done, crash}, []Decision{again(s), again(2 * s)}},
		{"the delay doubles to a minute", unlimited, []run{crash, crash, crash, crash, crash, crash, crash, crash},
			[]Decision{again(s), again(2 * s), again(4 * s), again(8 * s), again(16 * s), again(32 * s), again(60 * s), again(60 * s)}},
		{"a longer delay of its own stays", Policy{Restart: Always, Delay: 90 * s}, []run{crash, crash}, []Decision{again(90 * s), again(90 * s)}},
		{"no delay stays none", Policy{Restart: Always}, []run{crash, crash}, []Decision{again(0), again(0)}},
		{"a steady run begins anew", unlimited, []run{crash, crash, {steady, true}, crash},
			[]Decision{again(s), again(2 * s), again(s), again(2 * s)}},
		{"one just short of it does not", unlimited, []run{crash, {steady - 1, true}}, []Decision{again(s), again(2 * s)}},
		{"5/1m: six starts", standard, []run{crash, crash, crash, crash, crash, crash},
			[]Decision{again(s), again(2 * s), again(4 * s), again(8 * s), again(16 * s), limit}},
		{"restarts out of the window do not count", Policy{Restart: Always, Delay: s, Limit: 1, Window: 10 * s},
			[]run{crash, {20 * s, true}, crash}, []Decision{again(s), again(2 * s), limit}},
		{"a restart exactly a window ago does not count", Policy{Restart: Always, Limit: 1, Window: 10 * s},
			[]run{crash, {10 * s, true}, {10*s - 1, true}}, []Decision{again(0), again(0), limit}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var h history
			var now time.Duration
			var got []Decision
			for _, r := range tt.runs {
				now += r.ran
				d := tt.policy.next(&h, End{At: now, Ran: r.ran, Failed: r.failed})
				got = append(got, d)
				now += d.After
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// However long a service goes on failing, what is remembered of it does not grow.
func TestHistoryDoesNotGrow(t *testing.T) {
	for _, p := range []Policy{
		{Restart: Always, Limit: 5, Window: time.Minute},
		{Restart: Always},
	} {
		var h history
		for n := range 10_000 {
			if !p.next(&h, End{At: time.Duration(n) * 13 * time.Second, Failed: true}).Again {
				t.Fatalf("limit hit at end %d", n)
			}
		}
		if len(h.restarts) > p.Limit {
			t.Errorf("%+v remembers %d restarts", p, len(h.restarts))
		}
	}
}
