package wrapper

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
	"portguard/wrapper/decide"
)

// A kernel without CONFIG_INET_DIAG_DESTROY: connections are cut through a duplicate of their owner's descriptor, and what
// belongs to nobody is left alone.
func TestCloseWithoutSockDestroy(t *testing.T) {
	rig := holders.New(t)
	for i, tt := range []struct {
		name   string
		change func(*holders.Spec)
		cut    bool // else it belongs to nobody, and nothing can be done
	}{
		{"client", func(*holders.Spec) {}, true},
		{"client that asked for the port", func(s *holders.Spec) { s.Origin = holders.Named }, true},
		{"accepted", func(s *holders.Spec) { s.Origin = holders.AcceptedWildcard }, true},
		{"client in SYN_SENT", func(s *holders.Spec) { s.State = holders.SynSent }, true},
		{"client in CLOSE_WAIT", func(s *holders.Spec) { s.State = holders.CloseWait }, true},
		{"TIME_WAIT", func(s *holders.Spec) { s.State = holders.TimeWait }, false},
		{"FIN_WAIT2 of nobody", func(s *holders.Spec) { s.State = holders.FinWait2Orphan }, false},
		{"an orphan with data to send", func(s *holders.Spec) { s.State = holders.FinWait1Orphan }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := uint16(25200 + i)
			spec := pooled
			tt.change(&spec)
			h := rig.Hold(t, port, spec)
			if h.FD >= 0 {
				victims(t, h, nil, obeys)
			}
			var got result
			withoutDestroy(t, func() { got = run(t, decide.Policy{Close: true}, tcp(port))[0] })
			if !tt.cut {
				checkCannotClear(t, got)
				return
			}
			want := fmt.Sprintf("close done: cut the connection of victim (pid N) 127.0.0.1:%d -> PEER by a duplicate of its descriptor", port)
			if got.Verdict != "free" || got.By != "close" || len(got.Actions) == 0 || got.Actions[0] != want {
				t.Errorf("got %+v, want the action %s", got, want)
			}
		})
	}
}

// withoutDestroy runs f on a thread whose SOCK_DESTROY requests fail with EOPNOTSUPP. The kernel stops the thread at each
// sendto() (seccomp_unotify(2)) and asks this process, which looks at the message. f must not end the test.
func withoutDestroy(t *testing.T, f func()) {
	t.Helper()
	listener, done := make(chan int), make(chan error)
	go refuseDestroy(f, listener, done)
	select {
	case err := <-done:
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
			t.Skipf("no seccomp notifications in this kernel (Linux 5.5): %v", err)
		}
		t.Fatal(err)
	case fd := <-listener:
		refused := answerSends(fd)
		err := <-done
		unix.Close(fd)
		if n := <-refused; err != nil || n == 0 {
			t.Errorf("%d requests refused, %v", n, err)
		}
	}
}

// refuseDestroy ends its thread, as the filter cannot be taken away; the main thread, which cannot end, is left out.
func refuseDestroy(f func(), listener chan<- int, done chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		go refuseDestroy(f, listener, done) // gets another thread while this one is locked
		return
	}
	fd, err := notifySends()
	if err == nil {
		listener <- fd
		f()
	}
	done <- err
}

// notifySends has the kernel ask about each sendto() of this thread.
func notifySends() (int, error) {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // nr of struct seccomp_data
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_SENDTO, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return -1, os.NewSyscallError("PR_SET_NO_NEW_PRIVS", err)
	}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(program)
	if errno != 0 {
		return -1, os.NewSyscallError("seccomp", errno)
	}
	return int(fd), nil
}

// notification is struct seccomp_notif of include/uapi/linux/seccomp.h, answer struct seccomp_notif_resp.
type notification struct {
	id         uint64
	pid, flags uint32
	nr         int32
	arch       uint32
	ip         uint64
	args       [6]uint64
}

type answer struct {
	id    uint64
	val   int64
	errno int32
	flags uint32
}

// answerSends answers until the thread has ended, and then tells how many requests it has refused.
func answerSends(fd int) <-chan int {
	refused := make(chan int, 1)
	go func() {
		n := 0
		defer func() { refused <- n }()
		for {
			poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			if _, err := unix.Poll(poll, -1); err == unix.EINTR {
				continue
			}
			var asked notification
			if poll[0].Revents&unix.POLLIN == 0 || ioctl(fd, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&asked)) != 0 {
				return
			}
			said := answer{id: asked.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
			if isDestroy(asked) {
				said.flags, said.errno = 0, -int32(unix.EOPNOTSUPP)
				n++
			}
			if ioctl(fd, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&said)) != 0 {
				return
			}
		}
	}()
	return refused
}

// isDestroy looks at the nlmsg_type of what the thread sends.
func isDestroy(asked notification) bool {
	const sockDestroy = 21 // SOCK_DESTROY of include/uapi/linux/sock_diag.h
	header := make([]byte, unix.SizeofNlMsghdr)
	n, err := unix.ProcessVMReadv(int(asked.pid), []unix.Iovec{{Base: &header[0], Len: uint64(len(header))}},
		[]unix.RemoteIovec{{Base: uintptr(asked.args[1]), Len: len(header)}}, 0)
	return err == nil && n == len(header) && binary.NativeEndian.Uint16(header[4:]) == sockDestroy
}

func ioctl(fd int, request uintptr, to unsafe.Pointer) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(to))
	return errno
}
