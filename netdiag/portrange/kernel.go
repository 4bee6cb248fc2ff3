package portrange

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Kernel names a sysctl by its file below /proc/sys, which shows the network namespace of the thread that opens it.
// Writing takes CAP_NET_ADMIN over the namespace, or its root (net/sysctl_net.c).
type Kernel string

// The two sysctls.
const (
	KernelRange    Kernel = "net/ipv4/ip_local_port_range"
	KernelReserved Kernel = "net/ipv4/ip_local_reserved_ports"
)

// Dotted is the name as sysctl(8) prints it.
func (k Kernel) Dotted() string { return strings.ReplaceAll(string(k), "/", ".") }

func (k Kernel) path() string { return "/proc/sys/" + string(k) }

// Writable is nil when this process may change the sysctl. Else errors.Is tells fs.ErrPermission, and unix.EROFS for a
// /proc/sys that is mounted read-only, as in most containers.
func (k Kernel) Writable() error {
	f, err := os.OpenFile(k.path(), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// longest is more than any value of the two sysctls: every other port reserved takes 191 KiB.
const (
	usual   = 4 << 10 // the kernel clears as much as it is asked for
	longest = 256 << 10
)

// read takes the value in one read(): a second would find nothing, however much was left (kernel/sysctl.c), unless it begins again.
// Go's poller, which would wait for such a file to change, is not woken for it.
func (k Kernel) read() (string, error) {
	fd, err := unix.Open(k.path(), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", &os.PathError{Op: "open", Path: k.path(), Err: err}
	}
	defer unix.Close(fd)
	for _, size := range []int{usual, longest} {
		buf := make([]byte, size)
		n, err := unix.Pread(fd, buf, 0)
		if err != nil {
			return "", &os.PathError{Op: "read", Path: k.path(), Err: err}
		}
		if n < len(buf) {
			return strings.TrimSpace(string(buf[:n])), nil
		}
	}
	return "", fmt.Errorf("%s is longer than %d bytes", k.path(), longest)
}

// Ephemeral reads ip_local_port_range: what connect() and bind() to port 0 choose from.
func Ephemeral() (Range, error) {
	text, err := KernelRange.read()
	if err != nil {
		return Range{}, err
	}
	return parseRange(text)
}

// SetEphemeral writes ip_local_port_range. The kernel refuses (EINVAL) a low end below ip_unprivileged_port_start.
func SetEphemeral(r Range) error {
	f, err := os.OpenFile(KernelRange.path(), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "%d %d\n", r.Low, r.High); err != nil {
		return err
	}
	now, err := Ephemeral()
	if err == nil && now != r {
		err = fmt.Errorf("%s reads %s after %s was written", KernelRange.Dotted(), now, r)
	}
	return err
}

// Reserved reads ip_local_reserved_ports: what they leave out.
func Reserved() (Set, error) {
	text, err := KernelReserved.read()
	if err != nil {
		return nil, err
	}
	return ParseSet(text)
}

// AddReserved adds ports to ip_local_reserved_ports and leaves what is there: the kernel joins what is written at an
// offset other than 0 to the list, whoever else changes it meanwhile.
func AddReserved(add Set) error {
	const attempts = 3 // of two writers that join at the same instant one may lose
	for range attempts {
		if err := writeReserved(add.String(), 1); err != nil {
			return err
		}
		now, err := Reserved()
		if err != nil {
			return err
		}
		if add = add.Minus(now); len(add) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%s does not keep %s: another program rewrites it", KernelReserved.Dotted(), add)
}

// SetReserved replaces the whole list. One longer than a page, which only hundreds of separate ranges make, arrives in
// parts: for an instant the later ones are missing.
func SetReserved(s Set) error {
	if err := writeReserved(s.String(), 0); err != nil {
		return err
	}
	now, err := Reserved()
	if err != nil {
		return err
	}
	if now.String() != s.String() {
		return fmt.Errorf("%s reads %q after %q was written: another program rewrites it", KernelReserved.Dotted(), now, s)
	}
	return nil
}

// writeReserved writes a list: at offset 0 instead of what is there, elsewhere in addition. The kernel takes less than a
// page at once.
func writeReserved(list string, offset int64) error {
	f, err := os.OpenFile(KernelReserved.path(), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, part := range parts(list, os.Getpagesize()-1) {
		n, err := unix.Pwrite(int(f.Fd()), []byte(part), offset)
		if err == nil && n != len(part) {
			err = fmt.Errorf("took %d bytes of %d", n, len(part))
		}
		if err != nil {
			return &os.PathError{Op: "write", Path: f.Name(), Err: err}
		}
		offset = 1
	}
	return nil
}

// parts cuts a comma list at commas into parts below limit bytes, each ended by a newline: an empty write would change
// nothing, and the list may be empty.
func parts(list string, limit int) []string {
	var all []string
	for len(list) >= limit {
		cut := strings.LastIndexByte(list[:limit-1], ',')
		all = append(all, list[:cut]+"\n")
		list = list[cut+1:]
	}
	return append(all, list+"\n")
}
