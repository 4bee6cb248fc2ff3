// Package owner answers: which processes have this socket open? It reads the descriptor tables in /proc, those of
// threads included, and says what it was not allowed to see, so that "nobody" is never a guess.
//
// What is found is about the pid namespace that /proc was mounted for. Without CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH
// only the caller's own processes show their descriptors.
package owner

import "time"

// ID names one process for ever: a pid alone is another process's later.
type ID struct {
	PID   int
	Start uint64 // in units of 10 ms since boot
}

// Process is a process that has a socket open, as it was when /proc was read.
type Process struct {
	PID int
	// TID is the thread in whose own descriptor table FD is a number, when the process's table does not have the
	// socket: after unshare(CLONE_FILES), or when the main thread has exited. Else 0.
	TID int
	// FD is the lowest number that the socket has there; -1 in an answer that is about no descriptor.
	FD      int
	Command string // the kernel's name of the main thread, at most 15 bytes for programs; any byte but NUL may be in it
	// Args is the command line without trailing empty arguments: programs that rewrite their title leave those behind.
	// Empty for a kernel thread. Any byte but NUL may be in it.
	Args    []string
	ArgsCut bool   // the command line is longer than 128 KiB; Args has the beginning
	Exe     string // "" when not readable, which needs the same rights as the descriptors do
	Deleted bool   // the file of Exe was removed or replaced, as by an upgrade
	Program Program
	UID     uint32 // effective user
	User    string // name of UID; "" when it has none, and when UserUnknown
	// UserUnknown: UID is what the kernel says of every user that our user namespace has no number for.
	UserUnknown bool
	Started     time.Time
	StartTicks  uint64 // Started in units of 10 ms since boot, as the kernel tells it
	// Cgroup is the path that names the systemd unit and the container, "/" for the root; "" when unknown. "/../" begins what is
	// outside of our cgroup namespace, and "/?/" what is in it where that has no units of its own.
	Cgroup string
	// OtherCgroups are its paths in other hierarchies, where they differ: without systemd's (v1), container runtimes have these alone.
	OtherCgroups []string
	// Parent is the process that this one is a child of, 0 when it is in no pid namespace of ours.
	Parent int
	// InnerPID is its pid in the innermost pid namespace that it is in: PID where that is ours, 1 for the first process of
	// a container.
	InnerPID int
	// Condition is as it was then; that it is frozen is there only where it is in uninterruptible sleep, as cgroups v1 freeze.
	Condition Condition
	Zombie    bool // the main thread has exited; other threads live on, unless the process only waits to be reaped
}

// ID is the process's name for ever.
func (p Process) ID() ID { return ID{p.PID, p.StartTicks} }

// HintKind says how a socket can be kept without being in a descriptor table.
type HintKind uint8

const (
	// HintIOURing is certain: the socket is a fixed file of an io_uring whose descriptor is Hint.Process.FD. It is missed
	// on older kernels, which show no inodes there, and while the ring is busy.
	HintIOURing HintKind = iota
	// HintInFlight is a candidate: Hint.Process.FD is a unix socket with descriptors in its receive queue (SCM_RIGHTS).
	// Which ones cannot be seen, and older kernels do not
	// show their number.
	HintInFlight
	// HintVeiledRing is a candidate: an io_uring has sockets as fixed files, on a kernel that does not tell which (before Linux 6.13).
	HintVeiledRing
	// HintSMC is certain: the socket is the TCP socket behind an SMC socket, which the kernel made for it. Find does not know of these.
	HintSMC
)

func (k HintKind) String() string { return [...]string{"io_uring", "in-flight", "io_uring", "smc"}[k] }

// Certain reports whether the process keeps the socket. Else it is one that may.
func (k HintKind) Certain() bool { return k == HintIOURing || k == HintSMC }

// Hint names a process that keeps, or may keep, a socket without having it open.
type Hint struct {
	Kind    HintKind
	Process Process
	Files   string // of a veiled ring: what the kernel calls sockets like those in it, "TCPv6"
}

// Result is the answer for a set of sockets, and what could not be seen on the way to it.
type Result struct {
	// Owners has every process that has the socket open, ordered by pid: fork shares it. A process is there once.
	Owners map[uint32][]Process
	// Held has the hints for sockets that no descriptor table explains, ordered by pid.
	Held map[uint32][]Hint
	// Named says of a socket whether its port was asked for by number in bind(). It is there when the kernel itself looked
	// through the tables, and is without meaning for MPTCP sockets.
	Named map[uint32]bool

	Unreadable int  // processes whose descriptors were closed to us, without kernel threads where these can be told
	Hidepid    bool // /proc does not even list other users' processes (mount option hidepid=2 or 4), or may not
	// Confined: we have the rights of root in a user namespace, and to processes outside of it none of them.
	Confined bool
	// Vetoed: what is closed to us is closed by a security module, since we have the capabilities that open it.
	Vetoed            bool
	ChildPIDNamespace bool // /proc is not the initial pid namespace's: processes outside do not show
}

// Error is a failure that a caller may want to tell from others with errors.Is.
type Error string

// The failures.
const (
	// ErrNoProc: there is no proc file system at Scanner.Root.
	ErrNoProc Error = "no proc file system"
	// ErrForeign: the proc file system at Scanner.Root is not of our own pid namespace.
	ErrForeign Error = "/proc is another pid namespace's"
	// ErrNoCgroup: no cgroup has this id, so it was removed; or it lies outside of the cgroups mounted here.
	ErrNoCgroup Error = "no such cgroup"
)

func (e Error) Error() string { return string(e) }

// Scanner reads one proc file system. The zero value reads /proc. It may be used by several goroutines at once.
type Scanner struct {
	Root string // where proc is mounted; "" for /proc
}

func (s Scanner) root() string {
	if s.Root == "" {
		return "/proc"
	}
	return s.Root
}
