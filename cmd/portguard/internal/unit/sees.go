package unit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/systemd"
)

// cannotStart refuses where the service would not find portguard's program, or may not execute it.
func (in unitInstall) cannotStart(svc systemd.Service) error {
	at := systemd.AtStart
	if in.form == formPre {
		at = systemd.Privileged
	}
	why := in.unseen(svc, at)
	if why == "" {
		return nil
	}
	return cli.Misuse(svc.Name+" "+why, in.seenRight(svc, at))
}

// unseen is why a command of the service does not find portguard; "" when it does.
func (in unitInstall) unseen(svc systemd.Service, at systemd.Place) string {
	file, setting := svc.Leads(in.portguard, at, realPath)
	switch {
	case setting != "":
		return fmt.Sprintf("cannot start %s: it has %s", in.portguard, setting)
	case executable(file):
		if user := userOfService(svc); at == systemd.AtStart && !runsAsRoot(svc) && closedTo(svc.User, file) {
			return fmt.Sprintf("runs as user %s, who may not execute %s", user, file)
		}
		return ""
	case file == filepath.Join(svc.RootDirectory, in.portguard):
		return fmt.Sprintf("has its root directory in %s, where there is no %s", svc.RootDirectory, in.portguard)
	}
	return fmt.Sprintf("cannot start %s: it finds %s there, which is no program", in.portguard, file)
}

// unseenBy is the setting that hides portguard; "" where there is something at its path.
func (in unitInstall) unseenBy(svc systemd.Service, at systemd.Place) string {
	_, setting := svc.Leads(in.portguard, at, realPath)
	return setting
}

// seenRight is what would do instead: the other form, another place, or portguard's program in the service's file system.
func (in unitInstall) seenRight(svc systemd.Service, at systemd.Place) string {
	switch {
	case at == systemd.AtStart && !lastsNot(in.portguard) && in.unseen(svc, systemd.Privileged) == "":
		return "portguard unit " + in.spelledAs(formPre)
	case lastsNot(in.portguard):
		return "install " + in.portguard + " /usr/local/bin/"
	case svc.RootDirectory != "" && svc.RootImage == "" && !hasMounts(svc.Sandbox, in.portguard):
		return "install -D " + in.portguard + " " + filepath.Join(svc.RootDirectory, in.portguard)
	case in.unseenBy(svc, at) == "":
		return "" // something lies over it that BindReadOnlyPaths= would contradict
	}
	return "systemctl edit " + svc.Name + "   # [Service] BindReadOnlyPaths=" + in.portguard
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

// lastsNot is a place whose files come and go, or that not every service may see.
func lastsNot(file string) bool {
	return slices.ContainsFunc([]string{"/home", "/root", "/run", "/tmp", "/var/tmp"}, func(dir string) bool { return systemd.Below(file, dir) })
}
