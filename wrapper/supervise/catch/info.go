package catch

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/netdiag/pidfd"
)

const (
	infoSize   = 128 // SI_MAX_SIZE
	lastSignal = unix.Signal(64)
)

// Info is one signal as the kernel tells of it: siginfo_t (include/uapi/asm-generic/siginfo.h), in native byte order.
type Info [infoSize]byte

// Plain is a signal that carries nothing, as kill(2) sends it.
func Plain(sig unix.Signal) Info {
	var i Info
	i.set(offsetSignal, int32(sig))
	return i
}

// fromKernel is what the kernel says of a signal of its own (SI_KERNEL), such as that of a key on a terminal.
func fromKernel(sig unix.Signal) Info {
	i := Plain(sig)
	i.set(offsetCode, 0x80)
	return i
}

const (
	offsetSignal = 0 // si_signo
	offsetCode   = 8 // si_code
)

// Signal is its number.
func (i *Info) Signal() unix.Signal { return unix.Signal(i.word(offsetSignal)) }

// Sent reports whether a process has sent it, rather than the kernel by itself.
func (i *Info) Sent() bool { return i.code() <= 0 }

// queued reports whether it was sent with a value: sigqueue(3), timer_create(2), mq_notify(3). Whoever passes such a signal on
// may say what it says; of all others the kernel tells who has sent them itself.
func (i *Info) queued() bool {
	const siTkill = -6 // SI_TKILL
	return i.code() < 0 && i.code() != siTkill
}

// OfChild makes sense of what waitid(2) says of a child: its pid, and the status as wait(2) has it.
func (i *Info) OfChild() (pid int, status unix.WaitStatus) {
	const word = int(unsafe.Sizeof(uintptr(0)))
	at := (offsetCode + 4 + word - 1) &^ (word - 1) // si_pid, si_uid, si_status
	pid, value := int(i.word(at)), unix.WaitStatus(i.word(at+8))
	const killed, dumped, trapped, stopped, continued = 2, 3, 4, 5, 6 // CLD_ of siginfo.h
	switch i.code() {
	case killed:
		return pid, value
	case dumped:
		return pid, value | 0x80
	case trapped, stopped:
		return pid, value<<8 | 0x7f
	case continued:
		return pid, 0xffff
	}
	return pid, value & 0xff << 8
}

func (i *Info) code() int32 { return i.word(offsetCode) }

func (i *Info) word(at int) int32 { return int32(binary.NativeEndian.Uint32(i[at:])) }

func (i *Info) set(at int, to int32) { binary.NativeEndian.PutUint32(i[at:], uint32(to)) }

// PassOn sends the signal to a process, with the value that it has. It needs the permission of kill(2). Errors are those of
// kill(2), and EAGAIN: as many signals wait for the process as its RLIMIT_SIGPENDING allows.
func (i Info) PassOn(pid int) error {
	if !i.queued() {
		return unix.Kill(pid, i.Signal())
	}
	_, _, errno := unix.RawSyscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(i.Signal()), uintptr(unsafe.Pointer(&i)))
	if errno != 0 {
		return errno
	}
	return nil
}

// PassOnToGroup sends the signal to every process of the group that a process leads. The value is kept since Linux 6.9; before
// that there is no call that does it.
func (i Info) PassOnToGroup(leader int) error {
	if i.queued() {
		p, err := pidfd.Open(leader)
		if err == nil {
			defer p.Close()
			err = unix.PidfdSendSignal(p.FD(), i.Signal(), (*unix.Siginfo)(unsafe.Pointer(&i)), unix.PIDFD_SIGNAL_PROCESS_GROUP)
		}
		if err == nil || err == unix.EAGAIN {
			return err
		}
	}
	return unix.Kill(-leader, i.Signal())
}
