package reserved

import (
	"bytes"
	"fmt"

	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/sysctld"
)

// Scope is where a change takes place.
type Scope struct {
	Runtime bool // the kernel's list, until the next boot
	Persist bool // our drop-in, from the next boot on
}

// Change is what is to be written. Before and after are alike where nothing is.
type Change struct {
	state         State
	Before, After portrange.Set // the kernel's list
	// FileBefore and FileAfter are our drop-in; nil for no file.
	FileBefore, FileAfter []byte
}

// Reserve is the change that reserves ports. Those that others reserve as well become ours, too: they stay when the
// others let go of them.
func (s State) Reserve(p portrange.Set, in Scope) Change {
	c := s.unchanged()
	if in.Runtime {
		c.After = s.Kernel.Union(p)
	}
	if in.Persist {
		c.FileAfter = text(s.Ours.Union(p), s.Theirs())
	}
	return c
}

// Renew is the change that takes in what other files have come to say since our drop-in was written: it has the last word, and keeps their lists
// as they were then.
func (s State) Renew(in Scope) Change {
	c := s.unchanged()
	if in.Runtime {
		c.After = s.Kernel.Union(s.Frozen())
	}
	if in.Persist {
		c.FileAfter = text(s.Ours, s.Theirs())
	}
	return c
}

// Release is the change that takes reserved ports out, but for those that other files reserve.
func (s State) Release(p portrange.Set, in Scope) Change {
	c := s.unchanged()
	if in.Runtime {
		c.After = s.Kernel.Minus(p.Minus(s.Theirs()))
	}
	if in.Persist {
		c.FileAfter = text(s.Ours.Minus(p), s.Theirs())
	}
	return c
}

func (s State) unchanged() Change {
	return Change{state: s, Before: s.Kernel, After: s.Kernel, FileBefore: s.text, FileAfter: s.text}
}

// Runtime reports whether the kernel's list is to be written.
func (c Change) Runtime() bool { return c.Before.String() != c.After.String() }

// Persist reports whether the drop-in is to be written.
func (c Change) Persist() bool { return !bytes.Equal(c.FileBefore, c.FileAfter) }

// AtBoot is what a program will make of all the files, once the change is made.
func (c Change) AtBoot(p sysctld.Program) portrange.Set {
	return atBoot(c.state.others.With(Path, c.FileAfter), p)
}

// Lost is a port list that a line of another file keeps from being reserved after the next boot.
type Lost struct {
	sysctld.Override
	Ports portrange.Set
}

// Lost is what the drop-in says in vain, once the change is made.
func (c Change) Lost() []Lost {
	if c.FileAfter == nil {
		return nil
	}
	config := c.state.others.With(Path, c.FileAfter)
	own, err := ours(c.FileAfter)
	if err != nil {
		return nil
	}
	var all []Lost
	for _, o := range config.Overrides(Path, string(portrange.KernelReserved), valid) {
		if ports := own.Minus(atBoot(config, o.Program)); len(ports) > 0 {
			all = append(all, Lost{o, ports})
		}
	}
	return all
}

// procpsLongest is the longest value of which sysctl(8) applies everything: it writes less than a page, once, and does
// not notice that the rest is not taken.
const procpsLongest = 4094

// TooLong reports whether the drop-in's list is longer than sysctl(8) can apply. systemd-sysctl applies any.
func (c Change) TooLong() bool {
	l, ok := sysctld.Config{}.With(Path, c.FileAfter).Value(sysctld.Procps, string(portrange.KernelReserved), valid)
	return ok && len(l.Value) > procpsLongest
}

// Apply makes the change, under a lock that was taken before the state was read. What must not fail half-way is tried
// first: the file is written only when the kernel's list can be.
func (c Change) Apply(root string) error {
	if c.Runtime() {
		if err := portrange.KernelReserved.Writable(); err != nil {
			return err
		}
	}
	if c.Persist() {
		if err := sysctld.Replace(root, Path, c.FileAfter); err != nil {
			return err
		}
	}
	if !c.Runtime() {
		return nil
	}
	err := c.write()
	if err != nil && c.Persist() {
		return fmt.Errorf("%s is written, but the kernel's list is not: %w", Path, err)
	}
	return err
}

// write adds where nothing is to be taken out: that keeps what others add at the same time.
func (c Change) write() error {
	if len(c.Before.Minus(c.After)) == 0 {
		return portrange.AddReserved(c.After.Minus(c.Before))
	}
	return portrange.SetReserved(c.After)
}
