package supervise

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// foster is a process between portguard and one run of the service: this program once more, which the kernel gives what the
// run leaves behind, and nothing else. So it is the kernel that tells the service's orphans from those of others, however fast
// they come and go: jobs of `docker exec`, which end up with pid 1, and daemons of helpers that were there before portguard.
// Where there can be no others, there is no foster, and portguard itself is the service's parent.
//
// It passes no signal on and decides nothing. Where portguard is killed it lives on, as the service does. It ends when it has
// no child left. If it is killed itself, portguard is the service's parent.
type foster struct {
	pid    int
	link   *os.File
	events chan event
	done   chan struct{}
}

// event is what has become of a child of the foster's: the service, or an orphan.
type event struct {
	pid    int
	status unix.WaitStatus
}

const eventSize = 8

func (e event) bytes() []byte {
	word := make([]byte, eventSize)
	binary.NativeEndian.PutUint32(word, uint32(e.pid))
	binary.NativeEndian.PutUint32(word[4:], uint32(e.status))
	return word
}

// startFoster starts a foster, which starts the service.
func startFoster(s Service, verb string, group, foreground bool) (f *foster, pid int, err error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, 0, os.NewSyscallError("socketpair", err)
	}
	f = &foster{link: os.NewFile(uintptr(ends[0]), "foster"), events: make(chan event), done: make(chan struct{})}
	// Its end keeps its number: the low ones may be the sockets of a socket unit. Nothing else is started meanwhile.
	if _, err = unix.FcntlInt(uintptr(ends[1]), unix.F_SETFD, 0); err == nil {
		f.pid, err = s.run(verb, []string{fosterWord, verb, strconv.Itoa(ends[1]), strconv.FormatBool(group), strconv.FormatBool(foreground)}, nil)
	}
	_ = unix.Close(ends[1]) // ours, and not used here
	if err == nil {
		pid, err = f.begun()
	}
	if err != nil {
		_ = f.link.Close() // whatever fails, it is of no use any more
		return nil, 0, err
	}
	go f.listen()
	return f, pid, nil
}

// begun waits for the foster's first word: the service's pid, or why there is none.
func (f *foster) begun() (pid int, err error) {
	word := make([]byte, 4<<10)
	n, err := f.link.Read(word)
	if err != nil {
		return 0, fmt.Errorf("start the command: %w", err)
	}
	if pid, err := strconv.Atoi(string(word[:n])); err == nil {
		return pid, nil
	}
	return 0, errors.New(string(word[:n]))
}

// listen hears what the foster tells, until it ends or is left.
func (f *foster) listen() {
	word := make([]byte, eventSize)
	for {
		if n, err := f.link.Read(word); err != nil || n != eventSize {
			return
		}
		e := event{int(binary.NativeEndian.Uint32(word)), unix.WaitStatus(binary.NativeEndian.Uint32(word[4:]))}
		select {
		case f.events <- e:
		case <-f.done:
			return
		}
	}
}

// told are the events; the foster waits after each until goOn, so that no pid is another's before we know. None without one.
func (f *foster) told() <-chan event {
	if f == nil {
		return nil
	}
	return f.events
}

func (f *foster) goOn() { _, _ = f.link.Write([]byte{0}) } // fails when it has been killed

// leave ends the foster, which has no living child any more. What it has not reaped is ours then.
func (f *foster) leave() {
	if f == nil {
		return
	}
	if f.pid != 0 {
		_ = unix.Kill(f.pid, unix.SIGKILL) // our child, and not reaped
	}
	close(f.done)
	_ = f.link.Close() // nothing was lost
}
