package wrapper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/pidfd"
	"portguard/wrapper/decide"
)

// victim is a process that the kill rung may end, pinned by a pidfd.
type victim struct {
	process owner.Process
	pidfd   *pidfd.Process
	holders []*netdiag.Holder
	has     map[netdiag.SocketID]bool // the holders
	// kept are duplicates of its connections, taken where the kernel will not clear what the process leaves behind: with
	// them the connections can be reset when it is gone.
	kept []int
	sent []unix.Signal
	was  string // the Hindrance that there was before the first signal
	err  error  // why it was not signalled
}

func newVictim(p owner.Process) *victim { return &victim{process: p, has: map[netdiag.SocketID]bool{}} }

func (v *victim) owns(h *netdiag.Holder) bool { return v.has[h.ID()] }

func (v *victim) close() {
	if v.pidfd != nil {
		v.pidfd.Close()
	}
	for _, fd := range v.kept {
		unix.Close(fd)
	}
}

// victims are the owners of every holder of the targets, each once.
func (g *Guard) victims(ctx context.Context, targets []target) []*victim {
	byPID := map[int]*victim{}
	var all []*victim
	keep := !g.canClear(ctx)
	for _, t := range targets {
		for _, h := range t.holders {
			for _, p := range h.Keepers() {
				v := byPID[p.PID]
				if v == nil {
					v = newVictim(p)
					v.pidfd, v.err = pidfd.Open(p.PID)
					byPID[p.PID] = v
					all = append(all, v)
				}
				v.add(h, p, keep)
			}
		}
	}
	return all
}

// add notes one more socket of the victim, and keeps a duplicate of a connection.
func (v *victim) add(h *netdiag.Holder, p owner.Process, keep bool) {
	if v.owns(h) {
		return
	}
	v.has[h.ID()] = true
	v.holders = append(v.holders, h)
	if keep && h.Kind != netdiag.Listener {
		if fd, err := netdiag.Duplicate(p, h.Socket); err == nil {
			v.kept = append(v.kept, fd)
		}
	}
}

// signalAll sends the signal to every victim that, looked at again right now, still has one of the sockets open, and has
// not become one that may not be touched. The first signal goes to nobody where somebody else who may not be touched has got a
// socket of theirs: it would stay taken.
func (g *Guard) signalAll(ctx context.Context, judge decide.Judge, victims []*victim, sig unix.Signal) {
	keepers := g.keepersNow(ctx, victims)
	still := stillOf(victims, keepers)
	if !anySignalled(victims) {
		if err := forbidden(judge, victims, keepers); err != nil {
			for _, v := range victims {
				v.err = err
			}
			return
		}
	}
	for _, v := range victims {
		now, holds := still[v.process.PID]
		if v.pidfd == nil || !holds {
			continue
		}
		if d := judge.MayEnd(now, v.holders[0]); !d.GoAhead() {
			v.err = fmt.Errorf("it is %s by now: %s", now.Command, d.Why)
			continue
		}
		switch err := v.pidfd.Signal(sig); {
		case err == nil:
			v.wake(sig)
		case !errors.Is(err, unix.ESRCH):
			v.err = err
		}
	}
}

// wake notes a signal that was sent, and has a stopped process go on to act on it.
func (v *victim) wake(sig unix.Signal) {
	v.sent = append(v.sent, sig)
	condition := owner.Scanner{}.Condition(v.process.PID)
	if len(v.sent) == 1 {
		v.was = hinderedBy(condition)
	}
	if wakes(condition, sig) && v.pidfd.Signal(unix.SIGCONT) == nil {
		v.sent = append(v.sent, unix.SIGCONT)
	}
}

// pollAny sleeps for d, or until one of the victims that live ends. It reports whether any lives.
func pollAny(victims []*victim, d time.Duration) bool {
	var set []unix.PollFd
	for _, v := range victims {
		if v.pidfd == nil || len(v.sent) == 0 {
			continue
		}
		if ended, err := v.pidfd.Ended(); err == nil && !ended {
			set = append(set, unix.PollFd{Fd: int32(v.pidfd.FD()), Events: unix.POLLIN})
		}
	}
	if len(set) == 0 {
		return false
	}
	ts := unix.NsecToTimespec(d.Nanoseconds())
	unix.Ppoll(set, &ts, nil) // an early return costs one trial more
	return true
}

// resetKept resets the connections of which duplicates were kept, once their data is delivered or time is up. Closing
// with SO_LINGER 0 leaves no TIME_WAIT. One that another process still has open stays as it is.
func resetKept(ctx context.Context, victims []*victim, until time.Time) {
	kept := map[int]uint32{} // inode by descriptor
	for _, v := range victims {
		for _, fd := range v.kept {
			kept[fd], _ = pidfd.Inode(fd) // it is a socket, as Duplicate has seen
		}
		v.kept = nil
	}
	if len(kept) == 0 {
		return
	}
	found, err := owner.Scanner{}.Find(ctx, slices.Collect(maps.Values(kept)))
	others := func(p owner.Process) bool { return p.PID != os.Getpid() }
	for fd, inode := range kept {
		if err == nil && !slices.ContainsFunc(found.Owners[inode], others) {
			for ctx.Err() == nil && time.Now().Before(until) && unsent(fd) {
				time.Sleep(deathStep)
			}
			if pidfd.IsMPTCP(fd) { // it closes in its own time, whatever SO_LINGER says
				_ = pidfd.Disconnect(fd) // that it fails shows by the next trial
			}
			unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		}
		unix.Close(fd)
	}
}

func unsent(fd int) bool {
	n, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	return err == nil && n > 0
}

// action says what was done to the victim for a holder. interrupted: what came of it was not waited for.
func (v *victim) action(holder *netdiag.Holder, interrupted bool) Action {
	who := fmt.Sprintf("pid %d (%s)", v.process.PID, v.process.Command)
	if v.err != nil && len(v.sent) == 0 {
		a := Action{decide.Kill, holder, decide.Failed, "signal " + who + ": " + v.err.Error()}
		if errors.Is(v.err, unix.EPERM) {
			a.Result = decide.NotPermitted
			a.Detail += "; that takes CAP_KILL"
		}
		return a
	}
	if len(v.sent) == 0 && interrupted {
		return Action{decide.Kill, holder, decide.Failed, who + " was not signalled"}
	}
	if len(v.sent) == 0 {
		return Action{decide.Kill, holder, decide.Done, who + " had let go of it before it was signalled"}
	}
	var names []string
	for _, s := range v.sent {
		names = append(names, pidfd.SignalName(s))
	}
	a := Action{decide.Kill, holder, decide.Done, "sent " + listed(names) + " to " + who}
	switch ended, err := v.pidfd.Ended(); {
	case err != nil:
		a.Result, a.Detail = decide.Failed, a.Detail+": "+err.Error()
	case ended && slices.Contains(v.sent, unix.SIGKILL) && v.was != "":
		a.Detail += ", which has ended; it was " + v.was
	case ended:
		a.Detail += ", which has ended"
	case interrupted:
		a.Detail += "; what comes of it was not waited for"
	case slices.Contains(v.sent, unix.SIGKILL):
		a.Result, a.Detail = decide.Failed, a.Detail+", which has not ended"
		if is := Hindrance(owner.Scanner{}.Condition(v.process.PID)); is != "" {
			a.Detail += ": it is " + is
		}
	default:
		a.Detail += ", which has let go of it"
	}
	return a
}

// listed is "SIGTERM, SIGCONT and SIGKILL".
func listed(names []string) string {
	if n := len(names); n > 2 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, " and ")
}
