package wrapper

import (
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
	"portguard/wrapper/decide"
)

// stopped is what touched says of a process that was stopped, and of which nobody has had it go on.
const stopped = "T (stopped)"

// woken is what it says of one that was stopped, and has got the signal and SIGCONT after it.
const woken = "pending 20200" // the bits of SIGUSR1 and SIGCONT

// stop stops it, as job control or an operator does.
func (s *stranger) stop() {
	s.w.Helper()
	if err := unix.Kill(s.pid, unix.SIGSTOP); err != nil {
		s.w.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); s.touched() != stopped; time.Sleep(200 * time.Microsecond) {
		if time.Now().After(deadline) {
			s.w.Fatalf("pid %d is not stopped: %q", s.pid, s.touched())
		}
	}
}

// stoppedPID: whoever stopped a process does not want it to go on, but for the holder itself.
func stoppedPID(w *world) func(bool) {
	return func(swap bool) {
		s, end := w.owned()
		defer end()
		s.stop()
		l := w.look(decide.Policy{})
		want, who := woken, "the stopped holder"
		exchange := func() {
			s = w.recycle(s, -1)
			s.stop()
			want, who = stopped, "a stopped stranger with the holder's pid"
		}
		before := w.IntN(2) == 0
		if swap && before {
			exchange()
		}
		l.kill(func() {
			if swap && !before {
				exchange()
			}
		})
		s.mustBe(want, who)
		s.end()
	}
}

// stoppedWithout lets a process have another socket, and be stopped, by the time that it would be signalled.
func stoppedWithout(w *world) func(bool) {
	k := w.keeper()
	return func(swap bool) {
		h, end := w.holder()
		defer end()
		k.put(h.FD)
		h.CloseFD()
		want, who := woken, "the stopped holder"
		l := w.look(decide.Policy{})
		l.kill(func() {
			if swap {
				k.letGo()
				want, who = stopped, "the process, which has let go of it"
			}
			k.stop()
		})
		k.mustBe(want, who)
		k.end()
		k = w.keeper()
	}
}

// raceForStoppedPID runs the whole kill rung on a stopped process while its pid becomes that of another stopped one.
func raceForStoppedPID(w *world) func(bool) {
	return func(swap bool) {
		s, end := w.owned()
		defer end()
		s.stop()
		ran := w.background(decide.Policy{Kill: true, Grace: time.Millisecond})
		if swap {
			w.moment()
			s = w.recycle(s, -1)
			s.stop()
		}
		<-ran
		if swap {
			s.mustBe(stopped, "a stopped stranger with the holder's pid")
		} else if got := s.touched(); got == stopped {
			w.Error("the holder was not reached")
		}
		s.end()
	}
}

// frozenPID: a signal to a frozen process stays pending, so that a stranger would not even end of it before it is thawed.
func frozenPID(w *world) func(bool) {
	f := w.freezer()
	return func(swap bool) {
		s, end := w.owned()
		defer end()
		f.freeze(s)
		l := w.look(decide.Policy{})
		want, who := pending, "the frozen holder"
		exchange := func() {
			f.thaw() // in cgroup v1 it cannot end before
			s = w.recycle(s, -1)
			f.freeze(s)
			want, who = "", "a frozen stranger with the holder's pid"
		}
		before := w.IntN(2) == 0
		if swap && before {
			exchange()
		}
		l.kill(func() {
			if swap && !before {
				exchange()
			}
		})
		s.mustBe(want, who)
		f.thaw()
		s.end()
	}
}

// freezer is a cgroup whose processes can be frozen.
type freezer struct {
	w             *world
	dir           string
	file, on, off string
}

// freezer makes one. It goes with the row.
func (w *world) freezer() freezer {
	w.Helper()
	for _, f := range []freezer{{w, "", "cgroup.freeze", "1", "0"}, {w, "", "freezer.state", "FROZEN", "THAWED"}} {
		if f.dir = cgroupWith(f.file); f.dir != "" {
			w.Cleanup(func() {
				if err := os.Remove(f.dir); err != nil {
					w.Error(err)
				}
			})
			return f
		}
	}
	w.Skip("needs a cgroup that can be frozen, and may be made")
	return freezer{}
}

func (f freezer) write(file, text string) {
	f.w.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, file), []byte(text), 0); err != nil {
		f.w.Fatal(err)
	}
}

func (f freezer) freeze(s *stranger) {
	f.w.Helper()
	f.write("cgroup.procs", strconv.Itoa(s.pid))
	f.write(f.file, f.on)
	for deadline := time.Now().Add(20 * time.Second); (owner.Scanner{}).Condition(s.pid).Frozen == ""; time.Sleep(200 * time.Microsecond) {
		if time.Now().After(deadline) {
			f.w.Fatalf("pid %d is not frozen: %+v", s.pid, owner.Scanner{}.Condition(s.pid))
		}
	}
}

func (f freezer) thaw() {
	f.w.Helper()
	f.write(f.file, f.off)
}
