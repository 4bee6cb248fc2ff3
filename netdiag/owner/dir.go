package owner

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// scratch is what one worker reads into, so that a descriptor costs no allocation.
type scratch struct {
	entries [4 << 10]byte // what is listed at once is still in the processor's cache when it is read
	link    [64]byte      // longer links are none that we look for
	file    [4 << 10]byte
}

// gone says that a process or descriptor ended while we looked: normal, and no answer is lost.
func gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH)
}

// denied includes EPERM, which /proc with hidepid=1 gives.
func denied(err error) bool {
	return errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM)
}

func openDir(parent int, name string) (int, error) {
	return unix.Openat(parent, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

// closeDir closes what was only read from: there is nothing to lose.
func closeDir(fd int) { _ = unix.Close(fd) }

// dirent is one directory entry; valid until the next read into the same buffer.
type dirent struct {
	ino   uint64
	kind  uint8  // DT_...
	cname []byte // with its final NUL
}

func (e dirent) name() []byte { return e.cname[:len(e.cname)-1] }

// number is the value of an all-digits name, as of a pid or a descriptor.
func (e dirent) number() (int, bool) {
	name := e.name()
	if len(name) == 0 || len(name) > 10 {
		return 0, false
	}
	n := 0
	for _, c := range name {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n <= 1<<31-1
}

// direntHeader is the size of struct linux_dirent64 (include/linux/dirent.h) up to its name.
const direntHeader = 19

// nextDirent cuts one entry off what getdents64 gave. Integers are in native byte order.
func nextDirent(b []byte) (e dirent, rest []byte, err error) {
	if len(b) < direntHeader {
		return dirent{}, nil, fmt.Errorf("directory entry of %d bytes", len(b))
	}
	size := int(binary.NativeEndian.Uint16(b[16:]))
	if size < direntHeader || size > len(b) {
		return dirent{}, nil, fmt.Errorf("directory entry claims %d of %d bytes", size, len(b))
	}
	end := bytes.IndexByte(b[direntHeader:size], 0)
	if end < 0 {
		return dirent{}, nil, errors.New("directory entry without end of name")
	}
	return dirent{
		ino:   binary.NativeEndian.Uint64(b),
		kind:  b[18],
		cname: b[direntHeader : direntHeader+end+1],
	}, b[size:], nil
}

// eachEntry calls visit for every entry of an open directory, from where its offset is, until visit fails.
func eachEntry(fd int, buf []byte, visit func(dirent) error) error {
	for {
		n, err := unix.ReadDirent(fd, buf)
		if err != nil {
			return os.NewSyscallError("getdents64", err)
		}
		if n == 0 {
			return nil
		}
		for rest := buf[:n]; len(rest) > 0; {
			var e dirent
			if e, rest, err = nextDirent(rest); err != nil {
				return err
			}
			if err = visit(e); err != nil {
				return err
			}
		}
	}
}

// numbers lists the entries that are numbers, in order: the processes of /proc, the threads of /proc/PID/task.
func numbers(fd int, buf []byte) ([]int, error) {
	var all []int
	err := eachEntry(fd, buf, func(e dirent) error {
		if n, ok := e.number(); ok {
			all = append(all, n)
		}
		return nil
	})
	slices.Sort(all)
	return all, err
}

// readLink reads a symbolic link without allocating; a longer target is cut at len(buf).
func readLink(dir int, cname, buf []byte) ([]byte, error) {
	n, _, errno := unix.Syscall6(unix.SYS_READLINKAT, uintptr(dir),
		uintptr(unsafe.Pointer(unsafe.SliceData(cname))), uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return buf[:n], nil
}

// readFile reads a file of /proc up to limit bytes; cut says that there is more. The answer may lie in buf.
func readFile(dir int, name string, buf []byte, limit int) (data []byte, cut bool, err error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, false, fmt.Errorf("open %s: %w", name, err)
	}
	defer closeDir(fd)
	for data = buf[:0]; ; {
		data = slices.Grow(data, 512) // most files of /proc come in one read, and the next says that this is all
		n, err := unix.Read(fd, data[len(data):cap(data)])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, false, fmt.Errorf("read %s: %w", name, err)
		}
		if n == 0 {
			return data, false, nil
		}
		if data = data[:len(data)+n]; len(data) > limit {
			return data[:limit], true, nil
		}
	}
}

// under makes a path for openat; it is the process's own file when tid is 0, else that thread's.
func under(tid int, name string) string {
	if tid == 0 {
		return name
	}
	return "task/" + strconv.Itoa(tid) + "/" + name
}
