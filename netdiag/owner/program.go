package owner

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"portguard/netdiag/permit"
)

// Program is the file that a process runs, by what tells it from every other. The zero value is not known: reading it needs
// the rights that the descriptors need.
type Program struct{ Device, Inode uint64 }

// Self is the program that this process runs.
func (s Scanner) Self() (Program, error) {
	sc, err := s.scan()
	if err != nil {
		return Program{}, err
	}
	defer sc.close()
	p, err := programAt(sc.root, "self/exe")
	if err != nil {
		return Program{}, fmt.Errorf("%s/self/exe: %w", s.root(), err)
	}
	return p, nil
}

// programAt follows a link that leads to the file itself, also where that has no name any more. The file system that it is on
// may be a server's that is gone: it is asked for nothing, since device and inode are what the kernel has of every file that
// is open. fstatat would wait for it.
func programAt(dir int, link string) (Program, error) {
	var st unix.Statx_t
	err := error(unix.ENOSYS)
	if permit.Syscall(unix.SYS_STATX) {
		err = unix.Statx(dir, link, unix.AT_STATX_DONT_SYNC, unix.STATX_INO, &st)
	}
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // a filter's answer; the link itself gives EACCES
		return programSynced(dir, link)
	}
	return Program{unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino}, err
}

func programSynced(dir int, link string) (Program, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(dir, link, &st, 0); err != nil {
		return Program{}, err
	}
	return Program{uint64(st.Dev), st.Ino}, nil
}
