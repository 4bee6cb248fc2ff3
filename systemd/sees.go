package systemd

import (
	"path"
	"strings"
)

// Place is where a command of a service stands in its sandbox.
type Place uint8

// The service's own command, and one before it with the prefix "+", which is spared what a sandbox forbids, and nothing of what
// is mounted in it: TemporaryFileSystem=, BindPaths= and the root directory are there for both (seen with 252, 257 and 262).
const (
	AtStart Place = iota
	Privileged
)

// Leads says which file of the host's a command of the service finds at a path, or by which setting it finds none. real resolves the
// links in a path of the host's, as systemd does in those of its settings.
func (s Sandbox) Leads(program string, at Place, real func(string) string) (file, hiddenBy string) {
	root, rootSetting := s.root(at)
	program = path.Join(root, program)
	file, hiddenBy = program, rootSetting
	depth := 0
	// The deepest mount above a file is the one that it is found in.
	cover := func(at, setting, leads string) {
		if at = real(at); Below(program, at) && len(at) >= depth {
			depth, hiddenBy, file = len(at), setting, ""
			if leads != "" {
				file, hiddenBy = path.Join(leads, strings.TrimPrefix(program, at)), ""
			}
		}
	}
	for _, p := range s.TemporaryFileSystem {
		cover(path.Join(root, p), "TemporaryFileSystem="+p, "")
	}
	for _, p := range s.MountImages {
		cover(path.Join(root, p), "MountImages= at "+p, "")
	}
	if at == AtStart && s.PrivateTmp {
		cover(path.Join(root, "/tmp"), "PrivateTmp=yes", "")
		cover(path.Join(root, "/var/tmp"), "PrivateTmp=yes", "")
	}
	homes := []string{"/home", "/root", "/run/user"}
	if at == AtStart && s.ProtectHome == "tmpfs" {
		for _, p := range homes {
			cover(path.Join(root, p), "ProtectHome=tmpfs", "")
		}
	}
	for _, b := range s.Binds {
		cover(path.Join(root, b.Destination), "", b.Source)
	}
	if at == Privileged {
		return file, hiddenBy
	}
	// Nothing is mounted below what is inaccessible.
	if s.ProtectHome == "yes" {
		for _, p := range homes {
			if Below(program, path.Join(root, p)) {
				return "", "ProtectHome=yes"
			}
		}
	}
	for _, p := range s.InaccessiblePaths {
		if Below(program, real(access(root, p))) {
			return "", "InaccessiblePaths=" + p
		}
	}
	if setting := s.noExec(root, program, real); setting != "" {
		return "", setting
	}
	return file, hiddenBy
}

// root is where the root directory of a command is on the host. What is in an image has no place there: the setting says so.
func (s Sandbox) root(at Place) (dir, setting string) {
	switch {
	case at == Privileged && s.RootDirectoryStartOnly:
		return "/", ""
	case s.RootImage != "":
		return s.RootImage, "RootImage=" + s.RootImage
	case s.RootDirectory != "":
		return s.RootDirectory, ""
	}
	return "/", ""
}

// noExec is the setting that keeps a program from being executed: the deepest of the paths above it counts.
func (s Sandbox) noExec(root, program string, real func(string) string) (setting string) {
	depth := 0
	for _, p := range s.NoExecPaths {
		if at := real(access(root, p)); Below(program, at) && len(at) > depth {
			depth, setting = len(at), "NoExecPaths="+p
		}
	}
	for _, p := range s.ExecPaths {
		if at := real(access(root, p)); Below(program, at) && len(at) > depth {
			depth, setting = len(at), ""
		}
	}
	return setting
}

// access is the path on the host that a setting about access means: with the prefix "+" it is one in the root directory.
func access(root, p string) string {
	if p = strings.TrimPrefix(p, "-"); strings.HasPrefix(p, "+") {
		return path.Join(root, p[1:])
	}
	return path.Clean(p)
}

// Below reports whether a path is this directory or file, or lies below it.
func Below(p, dir string) bool {
	return p == dir || dir == "/" || strings.HasPrefix(p, dir+"/")
}
