// Package within answers: does portguard's program run where a service does, with its file system, its limits and its filter of system calls?
package within

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/flags"
	"portguard/systemd"
)

// Program is the path of portguard's program, links resolved.
type Program string

// Unseen is why a command of the service does not find the program, or may not execute it; "" when it does.
func (p Program) Unseen(svc systemd.Service, at systemd.Place) string {
	file, setting := svc.Leads(string(p), at, realPath)
	switch {
	case setting != "":
		return fmt.Sprintf("cannot start %s: it has %s", p, setting)
	case executable(file):
		if at == systemd.AtStart && !svc.AsRoot() && closedTo(svc.User, file) {
			return fmt.Sprintf("runs as user %s, who may not execute %s", svc.UserName(), file)
		}
		return ""
	case file == filepath.Join(svc.RootDirectory, string(p)):
		return fmt.Sprintf("has its root directory in %s, where there is no %s", svc.RootDirectory, p)
	}
	return fmt.Sprintf("cannot start %s: it finds %s there, which is no program", p, file)
}

// Shown is what would let the service see it: another place, a copy in its file system, or a setting. "": nothing that is known.
func (p Program) Shown(svc systemd.Service, at systemd.Place) string {
	file := string(p)
	switch {
	case !p.Lasts():
		return "install " + file + " /usr/local/bin/"
	case svc.RootDirectory != "" && svc.RootImage == "" && !hasMounts(svc.Sandbox, file):
		return "install -D " + file + " " + filepath.Join(svc.RootDirectory, file)
	}
	if _, setting := svc.Leads(file, at, realPath); setting == "" {
		return "" // something lies over it that BindReadOnlyPaths= would contradict
	}
	return "systemctl edit " + svc.Name + "   # [Service] BindReadOnlyPaths=" + file
}

// hasMounts reports whether a root directory is not all that decides what is at a path.
func hasMounts(s systemd.Sandbox, program string) bool {
	bare := systemd.Sandbox{RootDirectory: s.RootDirectory}
	plain, _ := bare.Leads(program, systemd.AtStart, realPath)
	file, setting := s.Leads(program, systemd.AtStart, realPath)
	return setting != "" || file != plain
}

// realPath resolves links as far as there is something.
func realPath(path string) string {
	if p, err := filepath.EvalSymlinks(path); err == nil {
		return p
	}
	return path
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// closedTo reports whether a directory above a file, or the file, lets neither this user through nor any group or others. What a
// group may is not looked into.
func closedTo(user, file string) bool {
	uid, known := flags.UserID(user)
	for ; ; file = filepath.Dir(file) {
		var st unix.Stat_t
		if err := unix.Stat(file, &st); err != nil {
			return false
		}
		owner := known && st.Uid == uid && st.Mode&0o100 != 0
		if !owner && st.Mode&0o011 == 0 {
			return true
		}
		if file == "/" {
			return false
		}
	}
}

// Lasts reports whether it is in a place whose files stay, and that every service may see.
func (p Program) Lasts() bool {
	return !slices.ContainsFunc([]string{"/home", "/root", "/run", "/tmp", "/var/tmp"}, func(dir string) bool { return systemd.Below(string(p), dir) })
}
