package ports

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag/portrange"
)

// deniedError is a sysctl that this process may not change.
type deniedError struct {
	command string           // of portguard's, with its arguments
	key     portrange.Kernel // the sysctl
	value   string           // what it was to become; "" when that is not known
	uid     int              // whose attempt
	err     error
}

// from tells what an error means: those that are about permission become a deniedError.
func (e deniedError) from(err error) error {
	if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, unix.EROFS) {
		return err
	}
	e.uid, e.err = os.Geteuid(), err
	return &e
}

func (e *deniedError) Unwrap() error { return e.err }

// ExitStatus is that of a missing right.
func (*deniedError) ExitStatus() int { return cli.ExitNoPerm }

func (e *deniedError) readOnly() bool { return errors.Is(e.err, unix.EROFS) }

func (e *deniedError) Error() string {
	var path *fs.PathError
	switch {
	case !e.readOnly():
		return fmt.Sprintf("only %s may change %s: %v", cli.WhoMay(e.uid), e.key.Dotted(), e.err)
	case errors.As(e.err, &path) && strings.HasPrefix(path.Path, "/proc/sys/"):
		return fmt.Sprintf("/proc/sys is read-only here, as in most containers: %s has to be set where the container is started; nothing was changed", e.key.Dotted())
	}
	return fmt.Sprintf("%v: nothing was changed (--runtime needs no file)", e.err)
}

// Hint is ready to be pasted.
func (e *deniedError) Hint() string {
	if !e.readOnly() {
		return cli.AsRoot(e.uid, "portguard "+e.command)
	}
	return fmt.Sprintf(`docker, podman:
  docker run --sysctl %[4]s ...
Kubernetes, in the pod's spec (a safe sysctl, but not for a pod with hostNetwork: there, on the node):
  securityContext:
    sysctls:
    - name: %[1]s
      value: %[2]q
on the host, or in a container with --privileged:
  portguard %[3]s`, e.key.Dotted(), e.value, e.command, page.ShellQuote(e.key.Dotted()+"="+e.value))
}
