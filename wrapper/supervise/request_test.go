package supervise

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/wrapper/supervise/catch"
)

func TestRequest(t *testing.T) {
	type word struct {
		sig unix.Signal
		at  time.Duration
	}
	const ms = time.Millisecond
	for _, tt := range []struct {
		name  string
		words []word
		want  []answer
	}{
		{"once", []word{{unix.SIGTERM, 0}}, []answer{firstAsked}},
		{"twice at once", []word{{unix.SIGTERM, 0}, {unix.SIGTERM, 3 * ms}}, []answer{firstAsked, sameAsked}},
		{"two words at once", []word{{unix.SIGINT, 0}, {unix.SIGTERM, 3 * ms}, {unix.SIGINT, 5 * ms}}, []answer{firstAsked, otherWord, sameAsked}},
		{"a second later", []word{{unix.SIGTERM, 0}, {unix.SIGTERM, 1000 * ms}}, []answer{firstAsked, askedAgain}},
		{"by another word", []word{{unix.SIGINT, 0}, {unix.SIGTERM, 1000 * ms}}, []answer{firstAsked, askedAgain}},
		{"counted from the first", []word{{unix.SIGTERM, 0}, {unix.SIGTERM, 900 * ms}, {unix.SIGTERM, 1100 * ms}}, []answer{firstAsked, sameAsked, askedAgain}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r request
			var got []answer
			began := time.Now()
			for _, w := range tt.words {
				got = append(got, r.note(w.sig, began.Add(w.at)))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestHints(t *testing.T) {
	began := time.Now()
	for _, tt := range []struct {
		name   string
		sigs   []unix.Signal // a millisecond apart
		status Status
		after  time.Duration
		want   unix.Signal
	}{
		{"nobody said anything", nil, Status{}, 0, 0},
		{"it ends well", []unix.Signal{unix.SIGQUIT}, Status{}, time.Second, unix.SIGQUIT},
		{"it dies of it", []unix.Signal{unix.SIGUSR1}, Status{Signal: unix.SIGUSR1}, time.Second, unix.SIGUSR1},
		{"it dies of another", []unix.Signal{unix.SIGUSR1}, Status{Signal: unix.SIGSEGV}, time.Second, 0},
		{"it has the status of it", []unix.Signal{unix.SIGQUIT}, Status{Code: 131}, time.Second, unix.SIGQUIT},
		{"it fails", []unix.Signal{unix.SIGQUIT}, Status{Code: 1}, time.Second, 0},
		{"long after", []unix.Signal{unix.SIGQUIT}, Status{}, 11 * time.Second, 0},
		{"the last of several", []unix.Signal{unix.SIGUSR1, unix.SIGQUIT, unix.SIGUSR1, unix.SIGWINCH}, Status{}, time.Second, unix.SIGWINCH},
		{"a reload, and job control", []unix.Signal{unix.SIGHUP, unix.SIGTSTP, unix.SIGCONT}, Status{}, time.Second, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var h hints
			for i, sig := range tt.sigs {
				h.note(catch.Plain(sig), began.Add(time.Duration(i)*time.Millisecond))
			}
			if got := h.obeyed(tt.status, began.Add(tt.after), 10*time.Second); got != tt.want {
				t.Errorf("signal %d, want %d", got, tt.want)
			}
		})
	}
}
