package owner

import (
	"fmt"

	"golang.org/x/sys/unix"
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

// programAt follows a link that leads to the file itself, also where that has no name any more.
func programAt(dir int, link string) (Program, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(dir, link, &st, 0); err != nil {
		return Program{}, err
	}
	return Program{uint64(st.Dev), st.Ino}, nil
}
