package flags

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
	"portguard/wrapper/become"
)

// NetnsFlag is for everything that starts no COMMAND.
const NetnsFlag = "--netns"

// Netns is the flag that names another network namespace. Sockets and sysctls are that one's; files, processes, users and units
// stay those of the place where portguard is.
type Netns struct {
	Netns string
	flag  *pflag.Flag
}

// AddNetns adds it.
func (o *Netns) AddNetns(fs *pflag.FlagSet) {
	fs.StringVar(&o.Netns, NetnsFlag[2:], "", "work in another network namespace, `PID|NAME|PATH`: a process's, one that ip-netns(8) has named, a file")
	o.flag = fs.Lookup(NetnsFlag[2:])
}

// Enter goes there, by becoming portguard once more: a single thread can change its namespace, all of them cannot. It returns in the
// one that is there already.
func (o *Netns) Enter(a *cli.App) error {
	switch {
	case o.Netns != "":
	case o.flag.Changed: // by a variable that is not set: what was meant for there must not be done here
		return cli.Misuse(NetnsFlag+` "" is no network namespace`, "portguard "+NetnsFlag+cli.ExampleOf(NetnsFlag[2:])+" -p 30010", mend.Value(NetnsFlag[2:], "", "4242"))
	default:
		return nil
	}
	path := o.Path()
	if err := isNamespace(path); err != nil {
		return o.refused(path, err)
	}
	there, err := os.Open(path)
	if err != nil {
		return o.refused(path, err)
	}
	defer there.Close()
	const here = "/proc/self/ns/net"
	if same, err := sameFile(there, here); same || err != nil {
		return err
	}
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return o.refused(path, os.NewSyscallError("setns", err))
	}
	return become.Exec("/proc/self/exe", os.Args, a.Inherited)
}

// Path is the namespace's file. What has a slash is one itself, and a number a process, as with ip(8).
func (o *Netns) Path() string {
	switch _, err := strconv.ParseUint(o.Netns, 10, 31); {
	case strings.Contains(o.Netns, "/"):
		return o.Netns
	case err == nil:
		return "/proc/" + o.Netns + "/ns/net"
	}
	return filepath.Join("/run/netns", o.Netns)
}

// Inside is the line of these flags that starts a COMMAND in the namespace.
func (o *Netns) Inside(fs *pflag.FlagSet, command []string) string {
	ports, rest := Spelled(fs.Visit)
	at := slices.Index(rest, NetnsFlag)
	return page.CommandLine(slices.Concat([]string{"nsenter", "--net=" + o.Path(), "portguard"}, slices.Delete(rest, at, at+2), ports, []string{"--"}, command), 0)
}

// isNamespace asks before anything is opened: what is no namespace may be a pipe that nobody writes to, or a device that does something.
func isNamespace(path string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	if st.Type != unix.NSFS_MAGIC {
		return unix.EINVAL
	}
	return nil
}

func (o *Netns) refused(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &netnsDenied{o.Netns, err}
	case errors.Is(err, fs.ErrNotExist):
		return cli.Misuse(fmt.Sprintf("%s %s: there is no %s", NetnsFlag, o.Netns, path), "ip netns list   # lsns -t net has those without a name")
	case errors.Is(err, unix.EINVAL):
		return cli.Misuse(fmt.Sprintf("%s %s: %s is no network namespace", NetnsFlag, o.Netns, path), "portguard --netns 4242 -p 30010", mend.Value(NetnsFlag[2:], o.Netns, "4242"))
	}
	return fmt.Errorf("%s %s: %w", NetnsFlag, o.Netns, err)
}

// sameFile reports whether an open file is the one at path.
func sameFile(f *os.File, path string) (bool, error) {
	a, err := f.Stat()
	if err != nil {
		return false, err
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b), err
}

// netnsDenied is a namespace that this user may not enter.
type netnsDenied struct {
	netns string
	err   error
}

func (e *netnsDenied) Error() string {
	return fmt.Sprintf("%s %s: %v: that takes root (CAP_SYS_ADMIN, and CAP_SYS_PTRACE for another user's process)", NetnsFlag, e.netns, e.err)
}

func (e *netnsDenied) Unwrap() error { return e.err }

// ExitStatus is that of a missing right.
func (*netnsDenied) ExitStatus() int { return cli.ExitNoPerm }
