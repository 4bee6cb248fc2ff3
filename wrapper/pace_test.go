package wrapper

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

// at is a moment of a wait that began at an arbitrary time.
func at(d time.Duration) time.Time { return time.Unix(1_800_000_000, 0).Add(d) }

// When to try again, if nothing happens, after a trial that failed at 100 s.
func TestPaceNextTrial(t *testing.T) {
	const tried = 100 * sec
	quiet := pace{began: at(0), idleAt: at(tried + lookIdle)}
	with := func(change func(*pace)) pace {
		p := quiet
		change(&p)
		return p
	}
	for _, tt := range []struct {
		name string
		pace pace
		want time.Duration // after the trial
	}{
		{"nothing is known: heartbeat", quiet, 200 * ms},
		{"it has waited for ten minutes", with(func(p *pace) { p.began = at(tried - 600*sec) }), 600 * ms},
		{"it has waited for a day", with(func(p *pace) { p.began = at(tried - 86_400*sec) }), sec},
		{"the end of TIME_WAIT is far off: heartbeat", with(func(p *pace) { p.expiry = at(tried + 30*sec) }), 200 * ms},
		{"it is near: at that moment", with(func(p *pace) { p.expiry = at(tried + 37*ms) }), 37 * ms},
		{"it is now: small steps, for timers run late", with(func(p *pace) { p.expiry = at(tried) }), 5 * ms},
		{"it was 7.9 s ago: still small steps", with(func(p *pace) { p.expiry = at(tried - 7900*ms) }), 5 * ms},
		{"it was 8 s ago: it was about something else", with(func(p *pace) { p.expiry = at(tried - 8*sec) }), 200 * ms},

		{"the wait ends before the heartbeat", with(func(p *pace) { p.deadline = at(tried + 50*ms) }), 50 * ms},
		{"the wait ends after it", with(func(p *pace) { p.deadline = at(tried + 1*sec) }), 200 * ms},
		{"the wait ends before TIME_WAIT does", with(func(p *pace) { p.expiry, p.deadline = at(tried+90*ms), at(tried+60*ms) }), 60 * ms},
		{"the wait ends within a small step", with(func(p *pace) { p.expiry, p.deadline = at(tried), at(tried+2*ms) }), 2 * ms},

		{"a look is due before the heartbeat", with(func(p *pace) { p.lookDue, p.lookAt = true, at(tried+150*ms) }), 150 * ms},
		{"a look nothing asks for waits", with(func(p *pace) { p.lookAt = at(tried + 150*ms) }), 200 * ms},
		{"an idle look is due", with(func(p *pace) { p.idleAt = at(tried + 20*ms) }), 20 * ms},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := tt.pace
			p.tried(at(tried))
			if diff := cmp.Diff(tt.want, p.next().Sub(at(tried))); diff != "" {
				t.Errorf("next trial (-want +got)\n%s", diff)
			}
		})
	}
}

// Events that come one upon the other are answered together, at growing distances; after a calm, at once again.
func TestPaceFoldsEvents(t *testing.T) {
	var p pace
	for i, step := range []struct {
		event time.Duration
		deaf  time.Duration // from the event on
	}{
		{0, 0},
		{1 * ms, 1 * ms},
		{2 * ms, 2 * ms},
		{4 * ms, 4 * ms},
		{8 * ms, 8 * ms},
		{16 * ms, 16 * ms},
		{32 * ms, 16 * ms},
		{148 * ms, 16 * ms}, // 100 ms after the fold is not yet calm
		{265 * ms, 0},       // 101 ms after is
		{266 * ms, 1 * ms},
	} {
		p.told(at(step.event))
		if got := p.deafUntil().Sub(at(step.event)); got != step.deaf {
			t.Errorf("event %d at %v: deaf for %v, want %v", i, step.event, got, step.deaf)
		}
	}
}

// How long after a look the next one comes.
func TestPaceLooks(t *testing.T) {
	for _, tt := range []struct {
		name           string
		cost           time.Duration
		asked, unasked time.Duration // when something happened, and when nothing did
	}{
		{"cheap", 1 * ms, 1 * sec, 10 * sec},
		{"at most a two-hundredth of the time", 50 * ms, 10 * sec, 10 * sec},
		{"a very busy host", 150 * ms, 30 * sec, 30 * sec},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const looked = 100 * sec
			var p pace
			p.looked(at(looked), tt.cost, time.Time{})
			checkLook(t, "nothing happens", &p, at(looked), tt.unasked)
			p.told(at(looked + 10*ms))
			checkLook(t, "an event comes", &p, at(looked), tt.asked)
			p.looked(at(looked+40*sec), tt.cost, time.Time{})
			checkLook(t, "the event has been looked at", &p, at(looked+40*sec), tt.unasked)
		})
	}
}

func checkLook(t *testing.T, when string, p *pace, from time.Time, after time.Duration) {
	t.Helper()
	if p.lookNow(from.Add(after - 1)) {
		t.Errorf("%s: it looks before %v are over", when, after)
	}
	if !p.lookNow(from.Add(after)) {
		t.Errorf("%s: it does not look after %v", when, after)
	}
}

func TestPaceLooksAtOnceWhenAWaitBegins(t *testing.T) {
	p := pace{lookDue: true}
	if !p.lookNow(at(0)) {
		t.Error("no look")
	}
}

// A look tells when TIME_WAIT ends, or takes back what the one before it said.
func TestPaceLookSetsTheExpiry(t *testing.T) {
	p := pace{began: at(0)}
	p.looked(at(0), ms, at(50*ms))
	p.tried(at(0))
	if got := p.next(); got != at(50*ms) {
		t.Errorf("next trial after %v, want 50ms", got.Sub(at(0)))
	}
	p.looked(at(1*ms), ms, time.Time{})
	if got := p.next(); got != at(200*ms) {
		t.Errorf("next trial after %v, want 200ms", got.Sub(at(0)))
	}
}

// A wait may last for days, on a host where nothing happens to the port: what wakes it up then is its own impatience.
func TestPaceOverADay(t *testing.T) {
	const day = 24 * time.Hour
	p := pace{began: at(0), lookDue: true}
	tries, looks := 0, 0
	for now := at(0); now.Before(at(day)); tries++ {
		p.tried(now)
		p.cost = 15 * time.Microsecond
		if p.lookNow(now) {
			p.looked(now, 2*ms, time.Time{})
			looks++
			continue
		}
		now = p.next()
	}
	if wakes := tries - looks; wakes > 100_000 || looks > 8_640 {
		t.Errorf("it wakes up %d times, and looks at the tables %d times", wakes, looks)
	}
}

func TestPaceOver(t *testing.T) {
	p := pace{deadline: at(sec)}
	if p.over(at(sec-1)) || !p.over(at(sec)) {
		t.Error("the wait is over at its deadline, and not before")
	}
	if forever := (&pace{}); forever.over(at(1e6 * time.Hour)) {
		t.Error("a wait without a deadline is over")
	}
}

func TestLastExpiry(t *testing.T) {
	remains := func(left time.Duration) netdiag.Holder {
		return netdiag.Holder{Kind: netdiag.Remains, Socket: sockdiag.Socket{Expires: left}}
	}
	retransmits := netdiag.Holder{Kind: netdiag.Client, Socket: sockdiag.Socket{Expires: 90 * sec}}
	outcome := func(holders ...netdiag.Holder) *Outcome {
		return &Outcome{Finding: netdiag.Finding{Holders: holders}}
	}
	for _, tt := range []struct {
		name    string
		waiting []*Outcome
		want    time.Time
	}{
		{"nothing", nil, time.Time{}},
		{"no remains: nobody knows", []*Outcome{outcome(retransmits)}, time.Time{}},
		{"the last of several", []*Outcome{outcome(remains(20*sec), remains(59*sec), remains(30*sec))}, at(59 * sec)},
		{"of several endpoints", []*Outcome{outcome(remains(5 * sec)), outcome(remains(40 * sec))}, at(40 * sec)},
		{"another timer is none of it", []*Outcome{outcome(retransmits, remains(20*sec))}, at(20 * sec)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := lastExpiry(tt.waiting, at(0)); !got.Equal(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
