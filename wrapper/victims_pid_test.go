package wrapper

import (
	"portguard/wrapper/decide"
	"time"

	"golang.org/x/sys/unix"
)

func nothing() {}

func pidBeforeOpen(w *world) func(bool) {
	return func(swap bool) {
		s, end := w.owned()
		defer end()
		l := w.look(decide.Policy{})
		want, who := pending, "the holder"
		if swap {
			s = w.recycle(s, -1)
			want, who = "", "a stranger with the holder's pid"
		}
		l.kill(nothing)
		s.mustBe(want, who)
		s.end()
	}
}

func pidAfterOpen(w *world) func(bool) {
	return func(swap bool) {
		h, end := w.holder()
		defer end()
		port := w.port
		other, endOther := w.holder() // of the same fd number
		defer endOther()
		w.port = port
		s := w.sleeper(h.FD)
		h.CloseFD()
		want, who := pending, "the holder"
		w.look(decide.Policy{}).kill(func() {
			if swap {
				s = w.recycle(s, other.FD)
				want, who = "", "a stranger with the holder's pid"
			}
		})
		s.mustBe(want, who)
		s.end()
	}
}

// The kernel still lists the socket, so only the pid and the start tell the stranger from the owner.
func pidOfOneOfTwo(w *world) func(bool) {
	return func(swap bool) {
		first, second, l, end := w.ownedByTwo()
		defer end()
		want, who := pending, "the first owner"
		before := w.IntN(2) == 0
		exchange := func() {
			first = w.recycle(first, -1)
			want, who = "", "a stranger with the first owner's pid"
		}
		if swap && before {
			exchange()
		}
		l.kill(func() {
			if swap && !before {
				exchange()
			}
		})
		first.mustBe(want, who)
		second.mustBe(pending, "the second owner")
		first.end()
		second.end()
	}
}

// Of a process that has the socket, and the pid of one that had it, nobody has decided anything.
func oneOfTwoEnds(w *world) func(bool) {
	return func(swap bool) {
		first, second, l, end := w.ownedByTwo()
		defer end()
		fd := second.socket()
		want, who := pending, "the first owner"
		if swap {
			time.Sleep(20 * time.Millisecond) // starts are told in units of 10 ms
			first = w.recycle(first, fd)
			want, who = "", "who has got the pid and the socket since"
		}
		unix.Close(fd)
		l.kill(nothing)
		first.mustBe(want, who)
		second.mustBe(pending, "the owner that stays")
		first.end()
		second.end()
	}
}

// raceForPID runs the whole kill rung while the pid changes hands.
func raceForPID(w *world) func(bool) {
	return func(swap bool) {
		s, end := w.owned()
		defer end()
		ran := w.background(decide.Policy{Kill: true, Grace: time.Millisecond})
		if swap {
			w.moment()
			s = w.recycle(s, -1)
		}
		<-ran
		if swap {
			s.mustBe("", "a stranger with the holder's pid")
		} else if s.touched() == "" {
			w.Error("the holder was not reached")
		}
		s.end()
	}
}
