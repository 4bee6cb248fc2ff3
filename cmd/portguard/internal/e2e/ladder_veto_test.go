package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/nstest"
)

// A COMMAND that a security module forbids is found out before anybody is touched for it. Its mode does not tell, and only the kernel can
// be asked, since Linux 6.14. Landlock is the module that any process may use against itself.
func TestVetoBeforeHarm(t *testing.T) {
	if !checksExec() {
		t.Skip("this takes Linux 6.14: execveat(2) knows no AT_EXECVE_CHECK")
	}
	l := newLadder(t)
	tool := filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(tool, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, rung := range []string{"--share", "--close", "--kill"} {
		t.Run(rung, func(t *testing.T) {
			port, holder, _ := l.client(t)
			a := landlocked(t, l.portguard, rung, "-p", number(port), "--", tool)
			if a.status == noLandlock {
				t.Skip(a.text())
			}
			a.honest(t, cli.ExitCannotExec)
			a.says(t, `^portguard: cannot execute \S+/tool: permission denied, by a security module \(AppArmor, SELinux, Landlock\) or a watcher of executions \(fapolicyd\), and not by the file's mode$`)
			if !holder.running() {
				t.Error("the holder has ended")
			}
			suffer(t, 20*time.Second, l.portguard, "-p", number(port)).honest(t, cli.ExitUnavailable)

			suffer(t, 20*time.Second, l.portguard, rung, "-p", number(port), "--", tool).honest(t, cli.ExitOK)
		})
	}
}

// Whom a security module keeps portguard from seeing nobody touches, and it is not for want of a capability that root has.
func TestVetoedOwner(t *testing.T) {
	nstest.Root(t)
	l := newLadder(t)
	port, holder, _ := l.client(t)
	for _, line := range [][]string{{}, {"--kill", "--close"}} {
		argv := slices.Concat(line, []string{"-p", number(port)})
		a := landlocked(t, l.portguard, argv...)
		switch {
		case a.status == noLandlock:
			t.Skip(a.text())
		case len(line) == 0:
			a.honest(t, cli.ExitUnavailable)
			a.says(t, `a security module \(AppArmor, SELinux, Landlock\) keeps portguard from seeing which process has it`)
		default:
			a.honest(t, cli.ExitNoPerm)
			a.says(t, `kill +not permitted: a security module keeps its owner from being seen`)
		}
		if strings.Contains(a.text(), "CAP_") {
			t.Errorf("root has all capabilities\n%s", a.text())
		}
	}
	if !holder.running() {
		t.Error("the holder has ended")
	}
}

const noLandlock = -2 // for an exit status: the kernel cannot do what the test is about

// landlocked runs a program that may execute itself and no other, nor look into processes that are not its own.
func landlocked(t *testing.T, program string, args ...string) aftermath {
	t.Helper()
	const limit = 20 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.WaitDelay = time.Second
	answer := make(chan aftermath)
	go func() {
		runtime.LockOSThread() // for nobody else, and it may not end either: processes that it has started before would (Pdeathsig)
		answer <- restricted(cmd)
		select {}
	}()
	a := <-answer
	if ctx.Err() != nil {
		t.Fatalf("%v has not ended within %s\n%s", cmd.Args, limit, a.text())
	}
	return a
}

func restricted(cmd *exec.Cmd) aftermath {
	if err := mayExecuteOnly(cmd.Path); err != nil {
		return aftermath{status: noLandlock, errs: "this takes Landlock: " + err.Error()}
	}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		return aftermath{status: -1, errs: err.Error()}
	}
	return aftermath{status: cmd.ProcessState.ExitCode(), errs: string(out)}
}

// checksExec reports whether the kernel can be asked if a file may be executed.
func checksExec() bool {
	const check = 0x10000 // AT_EXECVE_CHECK
	var none [2]*byte
	empty := [1]byte{}
	none[0] = &empty[0]
	_, _, errno := unix.Syscall6(unix.SYS_EXECVEAT, ^uintptr(0), uintptr(unsafe.Pointer(&empty)), uintptr(unsafe.Pointer(&none)), uintptr(unsafe.Pointer(&none[1])), check, 0)
	return errno != unix.EINVAL
}

// mayExecuteOnly takes from this thread, and from what it starts, the right to execute any other file.
func mayExecuteOnly(allowed string) error {
	ruleset := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_EXECUTE}
	rules, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&ruleset)), unsafe.Sizeof(ruleset.Handled_access_fs), 0)
	if errno != 0 {
		return errno
	}
	defer unix.Close(int(rules))
	file, err := unix.Open(allowed, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(file)
	beneath := unix.LandlockPathBeneathAttr{Allowed_access: unix.LANDLOCK_ACCESS_FS_EXECUTE, Parent_fd: int32(file)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, rules, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&beneath)), 0, 0, 0); errno != 0 {
		return errno
	}
	for _, c := range []uintptr{unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_SYS_ADMIN} { // a BPF program looks into every process
		_ = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0) // who may not has none of them
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rules, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
