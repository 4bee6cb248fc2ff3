package elsewhere

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
)

// Namespace is a network namespace.
type Namespace struct {
	Name string // of ip-netns(8), "" for none
	PID  int    // the lowest of a process that is in it, 0 for none
	path string
}

// Argument is what names it on a command line: a name, or else a pid.
func (n Namespace) Argument() string {
	if n.Name != "" {
		return n.Name
	}
	return strconv.Itoa(n.PID)
}

const here = "/proc/self/ns/net"

// others are all namespaces but ours, each once. Of processes that this user may not look at none is known.
func others(named string) ([]Namespace, Unseen, error) {
	var unseen Unseen
	ours, err := idOf(here)
	if err != nil {
		return nil, unseen, err
	}
	byID := map[id]Namespace{}
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return nil, unseen, err
	}
	unseen.Closed, unseen.Outside = owner.Scanner{}.Missing()
	for _, d := range processes {
		pid, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		path := fmt.Sprintf("/proc/%d/ns/net", pid)
		i, err := idOf(path)
		unseen.Closed = unseen.Closed || errors.Is(err, fs.ErrPermission)
		if n, known := byID[i]; err == nil && i != ours && (!known || pid < n.PID) {
			byID[i] = Namespace{PID: pid, path: path}
		}
	}
	names, _ := os.ReadDir(named) // there may be none
	for _, d := range names {
		path := filepath.Join(named, d.Name())
		if i, err := idOf(path); err == nil && i != ours && i.dev == ours.dev { // else a file that was left behind
			byID[i] = Namespace{Name: d.Name(), PID: byID[i].PID, path: path}
		}
	}
	all := make([]Namespace, 0, len(byID))
	for _, n := range byID {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b Namespace) int { return cmp.Or(cmp.Compare(a.PID, b.PID), cmp.Compare(a.Name, b.Name)) })
	return all, unseen, nil
}

// id is that of a namespace's file.
type id struct{ dev, ino uint64 }

func idOf(path string) (id, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return id{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return id{st.Dev, st.Ino}, nil
}

// within runs f on a thread that is in the namespace, and ends with it: Go gives no other goroutine to a thread that is still
// locked when its goroutine ends.
func (n Namespace) within(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- func() error {
			file, err := os.Open(n.path)
			if err != nil {
				return err
			}
			defer file.Close()
			if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
				return os.NewSyscallError("setns", err)
			}
			return f()
		}()
	}()
	return <-done
}
