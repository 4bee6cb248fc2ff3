package become

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/internal/environ"
)

// Error says why a command cannot become the service.
type Error struct {
	Command string // as it was given
	Path    string // the file that was found for it; empty when none was
	Err     error  // wraps a unix.Errno
}

func (e *Error) Error() string {
	switch {
	case e.Path != "":
		return fmt.Sprintf("cannot execute %s: %v", e.Path, e.Err)
	case strings.Contains(e.Command, "/"):
		return fmt.Sprintf("%s not found", e.Command)
	default:
		return fmt.Sprintf("%s not found in PATH", e.Command)
	}
}

// Unwrap gives Err.
func (e *Error) Unwrap() error { return e.Err }

// NotFound reports whether there is no such command (a shell's exit status 127), rather than one that cannot be executed (126).
func (e *Error) NotFound() bool { return e.Path == "" }

// ExitStatus is what a shell exits with: 127 when there is no such command, 126 when it cannot be executed.
func (e *Error) ExitStatus() int {
	if e.NotFound() {
		return 127
	}
	return 126
}

// Resolve returns the file that execvp(3) would execute for command, as the path that it would give to execve: the command
// itself if it has a slash, otherwise the first that can be executed of the directories of PATH in env ("/bin:/usr/bin"
// without PATH). An empty or relative directory counts from the working directory, as it does for a shell and unlike
// exec.LookPath.
//
// Errors are of type *[Error]. Permissions are checked as execve will (effective ids, noexec mounts), and so is the
// interpreter after "#!"; a binary for another machine, a missing ELF loader and the veto of a security module show only when
// it is tried (of the veto, [Vetoed] may tell before).
func Resolve(command string, env []string) (string, error) {
	if strings.Contains(command, "/") {
		if err := executable(command); err != nil {
			return "", resolveError(command, command, err)
		}
		return command, nil
	}
	if command == "" {
		return "", &Error{Command: `""`, Err: unix.ENOENT}
	}
	path, found := environ.Lookup(env, "PATH")
	if !found {
		path = "/bin:/usr/bin" // confstr(_CS_PATH) of glibc
	}
	var refused *Error // the first that was there and could not be executed
	for _, dir := range strings.Split(path, ":") {
		candidate := command
		if dir != "" {
			candidate = dir + "/" + command
		}
		err := executable(candidate)
		if err == nil {
			return candidate, nil
		}
		if e := resolveError(command, candidate, err); refused == nil && e.Path != "" {
			refused = e
		}
	}
	if refused != nil {
		return "", refused
	}
	return "", &Error{Command: command, Err: unix.ENOENT}
}

// resolveError tells "there is no such file" from "it cannot be executed".
func resolveError(command, path string, err error) *Error {
	var bad *interpreterError
	if !errors.As(err, &bad) && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR)) {
		return &Error{Command: command, Err: err}
	}
	return &Error{Command: command, Path: path, Err: err}
}

// executable returns nil if execve would most likely accept path, else the errno that it would give.
func executable(path string) error {
	if err := mayExecute(path); err != nil {
		return err
	}
	interpreter := parseShebang(head(path))
	if interpreter == "" {
		return nil
	}
	if err := mayExecute(interpreter); err != nil {
		return &interpreterError{Interpreter: interpreter, Err: err}
	}
	return nil
}

func mayExecute(path string) error {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		return directory{}
	default:
		return unix.EACCES // what execve says of devices, too
	}
	err := unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS)
	if err == unix.EACCES && isNoExec(path) {
		return noExec{}
	}
	return err
}

func isNoExec(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && fs.Flags&unix.ST_NOEXEC != 0
}

// noExec is the error of a file that nobody can execute where it is, whatever its mode: execve says only that it is not permitted.
type noExec struct{}

func (noExec) Error() string { return "its file system is mounted noexec" }

func (noExec) Unwrap() error { return unix.EACCES }

// directory is the error of one: execve says only that it is not permitted.
type directory struct{}

func (directory) Error() string { return unix.EISDIR.Error() }

func (directory) Unwrap() error { return unix.EACCES }

// head returns the first bytes of a file, those that the kernel looks at to see what it is; none if they cannot be read.
func head(path string) []byte {
	fd, err := -1, error(unix.EINTR)
	for err == unix.EINTR { // os.Open would set up Go's poller, for one read
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	buf := make([]byte, binprmBufSize)
	n, err := unix.Read(fd, buf)
	if err != nil {
		return nil
	}
	return buf[:n]
}
