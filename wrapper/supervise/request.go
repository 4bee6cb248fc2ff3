package supervise

import (
	"time"

	"golang.org/x/sys/unix"

	"portguard/wrapper/become"
	"portguard/wrapper/supervise/catch"
)

// request is somebody's wish that the service stops. The zero value: nobody has it.
type request struct {
	at    time.Time
	words become.SignalSet // the signals that it came by
}

// A second request is one of its own when it comes this much later. What comes sooner is the first once more: a terminal's signal
// to the whole group and the same from a manager within it, or timeout(1)'s, which goes to the process and to its group.
const deliberate = time.Second

// answer is what a signal that asks the service to stop means.
type answer uint8

const (
	firstAsked answer = iota
	sameAsked         // the first once more, which the service has been told
	otherWord         // the first once more, by a signal that the service has not been told
	askedAgain        // somebody who does not want to wait
)

func (r *request) made() bool { return !r.at.IsZero() }

func (r *request) note(sig unix.Signal, now time.Time) answer {
	said := r.words.Has(sig)
	r.words = r.words.With(sig)
	switch {
	case !r.made():
		r.at = now
		return firstAsked
	case now.Sub(r.at) >= deliberate:
		return askedAgain
	case said:
		return sameAsked
	}
	return otherWord
}

// hints are the signals that were passed on and may have been meant to stop the service: managers have others for that than
// SIGTERM, which they tell nobody (STOPSIGNAL of an image, KillSignal= of a unit).
type hints map[unix.Signal]time.Time

// note leaves out what is not about stopping: job control, a reload, a terminal's new size.
func (h *hints) note(info catch.Info, now time.Time) {
	switch sig := info.Signal(); {
	case sig == unix.SIGCONT, sig == unix.SIGTSTP, sig == unix.SIGTTIN, sig == unix.SIGTTOU, sig == unix.SIGURG:
	case sig == unix.SIGHUP && info.Sent():
	case sig == unix.SIGWINCH && !info.Sent():
	default:
		if *h == nil {
			*h = hints{}
		}
		(*h)[sig] = now
	}
}

// obeyed is the signal that a service has ended by: with status 0, or as the signal ends a process, and within the time that
// it has for that. 0: it has ended for a reason of its own.
func (h hints) obeyed(s Status, ended time.Time, limit time.Duration) unix.Signal {
	var by unix.Signal
	for sig, at := range h {
		if ended.Sub(at) <= limit && (s == Status{} || s.by(sig)) && (by == 0 || at.After(h[by])) {
			by = sig
		}
	}
	return by
}
