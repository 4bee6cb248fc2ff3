package wrapper

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/go-multierror"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/permit"
	"portguard/netdiag/pidfd"
	"portguard/wrapper/decide"
)

// setReuseAddr sets the option through any owner that lets us: it is one socket, whoever has it open.
func setReuseAddr(h *netdiag.Holder) error {
	return throughOwner(h, pidfd.SetReuseAddr)
}

// throughOwner acts on a duplicate of the holder's socket, which is closed again. The error has what was tried with each
// owner.
func throughOwner(h *netdiag.Holder, act func(fd int) error) error {
	var errs *multierror.Error
	for _, o := range h.Owners {
		fd, err := netdiag.Duplicate(o, h.Socket)
		if err == nil {
			err = act(fd)
			unix.Close(fd)
			return err
		}
		errs = multierror.Append(errs, fmt.Errorf("pid %d: %w", o.PID, err))
	}
	if errs == nil {
		return netdiag.ErrChanged
	}
	errs.ErrorFormat = oneLine
	return errs
}

// oneLine joins the errors of parallel work for a log.
func oneLine(all []error) string {
	var parts []string
	for _, e := range all[:min(len(all), maxNamed)] {
		parts = append(parts, e.Error())
	}
	if more := len(all) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}

// touchResult classes the errors of acting on a duplicate.
func touchResult(err error) decide.Result {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return decide.NotPermitted
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, unix.EINVAL), errors.Is(err, unix.EOPNOTSUPP):
		return decide.NotPossible
	}
	return decide.Failed
}

// tracingHelp says which power is missing for pidfd_getfd.
func tracingHelp(err error) string {
	var denied permit.Denied
	filter := ""
	if permit.Filtered() {
		filter = " and, where SystemCallFilter= is set, pidfd_getfd in it"
	}
	switch {
	case errors.As(err, &denied):
		return "" // it says so itself
	case errors.Is(err, errors.ErrUnsupported):
		return "; that takes Linux 5.6 (a thread's own descriptors: 6.9)" + filter
	case !errors.Is(err, unix.EPERM):
		return ""
	}
	if b, rerr := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); rerr == nil && strings.TrimSpace(string(b)) == "3" {
		return "; kernel.yama.ptrace_scope is 3, which forbids it to everybody until the next boot"
	}
	return "; that takes CAP_SYS_PTRACE" + filter
}
