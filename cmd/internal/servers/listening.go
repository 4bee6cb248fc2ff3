package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

// onPort are the sockets on the server's port that are in one of these states.
func onPort(ctx context.Context, states ...sockdiag.State) ([]sockdiag.Socket, error) {
	conn, err := sockdiag.Dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.Dump(ctx, sockdiag.Query{
		Protocol: unix.IPPROTO_TCP, States: sockdiag.MaskOf(states...), Ports: []sockdiag.PortRange{{First: port, Last: port}},
	})
}

// listening are the places that are listened on.
func listening() ([]string, error) {
	sockets, err := onPort(context.Background(), sockdiag.Listen)
	if err != nil {
		return nil, err
	}
	return placesOf(sockets), nil
}

func placesOf(sockets []sockdiag.Socket) []string {
	all := []string{}
	for _, s := range sockets {
		where := s.Local.Addr().String()
		if s.Local.Addr().Is6() {
			where = "[" + where + "]"
			if s.V6Only == sockdiag.Yes {
				where += " alone"
			}
		}
		all = append(all, where)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// listensBare reports whether one of the listeners has no SO_REUSEADDR.
func listensBare(ctx context.Context) (bool, error) {
	sockets, err := onPort(ctx, sockdiag.Listen)
	if err != nil {
		return false, err
	}
	inodes := make([]uint32, len(sockets))
	for i, s := range sockets {
		inodes[i] = s.Inode
	}
	found, err := owner.Scanner{}.Find(ctx, inodes)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(sockets, func(s sockdiag.Socket) bool {
		return netdiag.FlagsOf(found.Owners[s.Inode], s).ReuseAddr == sockdiag.No
	}), nil
}

// keeps tells which of these processes have the placeholder open: the first of them, and how many. Before Linux 6.8 the kernel does not list one.
func keeps(ctx context.Context, main int, pids []int) (first bool, kept int, err error) {
	bound, err := onPort(ctx, sockdiag.BoundInactive)
	if err != nil {
		return false, 0, err
	}
	placeholders := map[string]bool{}
	for _, s := range bound {
		placeholders[fmt.Sprintf("socket:[%d]", s.Inode)] = true
	}
	for _, pid := range pids {
		if hasOne(pid, placeholders) {
			kept++
			first = first || pid == main
		}
	}
	return first, kept, nil
}

func hasOne(pid int, sockets map[string]bool) bool {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	fds, _ := os.ReadDir(dir) // it may have ended
	return slices.ContainsFunc(fds, func(fd os.DirEntry) bool {
		link, err := os.Readlink(filepath.Join(dir, fd.Name()))
		return err == nil && sockets[link]
	})
}

// processesOf are those of a cgroup and of what is below it.
func processesOf(cgroup string) []int {
	var all []int
	_ = filepath.WalkDir("/sys/fs/cgroup"+cgroup, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Base(path) != "cgroup.procs" {
			return nil // what has gone meanwhile has no processes
		}
		text, _ := os.ReadFile(path)
		for field := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				all = append(all, pid)
			}
		}
		return nil
	})
	return all
}
