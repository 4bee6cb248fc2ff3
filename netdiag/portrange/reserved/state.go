package reserved

import (
	"errors"
	"io/fs"
	"path/filepath"

	"portguard/internal/wholefile"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/sysctld"
)

// State is what is reserved now and what the files say of the next boot.
type State struct {
	Kernel portrange.Set // in this network namespace, now
	Ours   portrange.Set // by our drop-in
	others sysctld.Config
	text   []byte // our drop-in; nil when there is none
}

// ReadKernel reads the kernel's list alone: of a network namespace that no file is about.
func ReadKernel() (State, error) {
	kernel, err := portrange.Reserved()
	return State{Kernel: kernel}, err
}

// Read reads the kernel's list, and the files below a root directory, "/" for the host's own. It needs no privilege.
func Read(root string) (State, error) {
	s, err := ReadKernel()
	if err != nil {
		return s, err
	}
	all, err := sysctld.Read(root)
	if err != nil {
		return s, err
	}
	s.others = all.With(Path, nil)
	s.text, err = wholefile.Read(filepath.Join(root, Path))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		s.Ours, err = ours(s.text)
	}
	return s, err
}

func valid(value string) bool {
	_, err := portrange.ParseAssigned(value)
	return err == nil
}

func set(l sysctld.Line) portrange.Set {
	s, _ := portrange.ParseAssigned(l.Value) // only valid ones get here
	return s
}

// Source is a line of another file that decides what is reserved without us.
type Source struct {
	Line  sysctld.Line
	Ports portrange.Set
}

// Others are the lines that decide without us: one, but for a host where systemd-sysctl and procps differ.
func (s State) Others() []Source {
	var all []Source
	for _, p := range []sysctld.Program{sysctld.Systemd, sysctld.Procps} {
		l, ok := s.others.Value(p, string(portrange.KernelReserved), valid)
		if ok && (len(all) == 0 || all[0].Line != l) {
			all = append(all, Source{l, set(l)})
		}
	}
	return all
}

// Theirs are the ports of Others.
func (s State) Theirs() portrange.Set {
	var all portrange.Set
	for _, o := range s.Others() {
		all = all.Union(o.Ports)
	}
	return all
}

// Frozen are the ports that other files reserve by now, and that are not reserved after the next boot, as our drop-in has the last word and
// their lists as they were.
func (s State) Frozen() portrange.Set {
	if s.text == nil {
		return nil
	}
	written := sysctld.Config{}.With(Path, s.text)
	return s.Theirs().Minus(atBoot(written, sysctld.Systemd))
}

// Lost is what our drop-in says in vain as it is.
func (s State) Lost() []Lost { return s.unchanged().Lost() }

// Garbage are lines of other files that mean to set the list to what the kernel refuses.
func (s State) Garbage() []sysctld.Line {
	return s.others.Refused(string(portrange.KernelReserved), valid)
}

// AtBoot is what a program will make of all the files as they are.
func (s State) AtBoot(p sysctld.Program) portrange.Set {
	return atBoot(s.others.With(Path, s.text), p)
}

func atBoot(c sysctld.Config, p sysctld.Program) portrange.Set {
	l, ok := c.Value(p, string(portrange.KernelReserved), valid)
	if !ok {
		return nil
	}
	return set(l)
}
