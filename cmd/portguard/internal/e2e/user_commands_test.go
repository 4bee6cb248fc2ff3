package e2e

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/nstest"
	"portguard/netdiag/portrange"
)

// userCommand is a command line and what an ordinary user gets for it. PORT is one that a process of root's has, FREE one
// that nobody has.
type userCommand struct {
	line   string
	status int
	says   string // a pattern
	lacks  string // what it says that it lacks, once; "" for nothing
	ends   bool   // it runs until it is told to end
}

// userCommands is every command. What is about somebody else's process names what its owner cannot be seen without, once:
// where all rungs are refused for that one reason, too. limit is the same in an audit, and root stands before what root alone may do.
func userCommands(unseen, limit, root string) []userCommand {
	return []userCommand{
		{line: "-p FREE", status: cli.ExitOK, says: "FREE/tcp is free"},
		{line: "-p PORT", status: cli.ExitUnavailable, says: "PORT/tcp is taken.*a process of ", lacks: unseen},
		{line: "--json -p PORT", status: cli.ExitUnavailable, says: `"verdict":"taken"`, lacks: unseen},
		{line: "-p 80", status: cli.ExitUnavailable, says: "80/tcp is forbidden", lacks: "need CAP_NET_BIND_SERVICE"},
		{line: "--share -p PORT", status: cli.ExitNoPerm, says: "share not permitted: ", lacks: unseen},
		{line: "--close -p PORT", status: cli.ExitNoPerm, says: "close not permitted: ", lacks: unseen},
		{line: "--kill -p PORT", status: cli.ExitNoPerm, says: "kill not permitted: ", lacks: unseen},
		{line: "--restart-unit -p PORT", status: cli.ExitNoPerm, says: "restart-unit not permitted: ", lacks: unseen},
		{line: "--json --share --close --kill -p PORT", status: cli.ExitNoPerm, says: `"result":"not-permitted"`, lacks: unseen},
		{line: "--share --close --kill --wait 50ms -p PORT -- echo started", status: cli.ExitNoPerm, says: "kill not permitted: ", lacks: unseen},
		{line: "--wait 50ms -p PORT", status: cli.ExitTempFail, says: "still taken after", lacks: unseen},
		{line: "--kill --dry-run -p PORT", status: cli.ExitNoPerm, says: "kill not permitted: ", lacks: unseen},
		{line: "-p FREE -- echo started", status: cli.ExitOK, says: "^started$"},
		{line: "--reserve -p FREE -- echo started", status: cli.ExitOK, says: "^started portguard: FREE is not reserved: ", lacks: "CAP_NET_ADMIN"},
		{line: "--restart no -p FREE -- echo started", status: cli.ExitOK, says: "^started$"},
		{line: "--restart no --kill -p PORT -- echo started", status: cli.ExitNoPerm, says: "kill not permitted: ", lacks: unseen},
		{line: "hold -p FREE", status: cli.ExitOK, says: "^portguard: holding 1 port$", ends: true},
		{line: "hold -p PORT", status: cli.ExitOK, says: "portguard: waiting without limit: PORT/tcp: a process of ", ends: true},
		{line: "hold -p 80", status: cli.ExitUnavailable, says: "80/tcp is forbidden", lacks: "need CAP_NET_BIND_SERVICE"},
		{line: "audit --sample 10ms PORT", status: cli.ExitAtRisk, says: "PORT/tcp", lacks: limit},
		{line: "audit --sample 10ms --json PORT", status: cli.ExitAtRisk, says: `"limits":.*` + limit},
		{line: "reserve", status: cli.ExitOK, says: "^now "},
		{line: "reserve PORT", status: cli.ExitNoPerm, says: "hint: " + root + "portguard reserve PORT$", lacks: "only root "},
		{line: "reserve --dry-run FREE", status: cli.ExitOK, says: `\+ FREE`},
		{line: "release PORT", status: cli.ExitNoPerm, says: "hint: " + root + "portguard release PORT$", lacks: "only root "},
		{line: "range", status: cli.ExitOK, says: "^now "},
		{line: "range 20000-60999", status: cli.ExitNoPerm, says: "hint: " + root + "portguard range 20000-60999$", lacks: "only root "},
		{line: "unit show", status: cli.ExitOK, says: "."},
		{line: "unit install order -p PORT", status: cli.ExitNoPerm, says: "hint: " + root + "portguard unit install order.service -p PORT", lacks: "only root "},
		{line: "unit remove order", status: cli.ExitOK, says: "order.service is not guarded"},
		{line: "version", status: cli.ExitOK, says: "^portguard "},
	}
}

// Every command as uid 65534, and as root of a user namespace that anybody can make: as much as this user may know, the
// missing power by its name and once, and nothing done by halves.
func TestEveryCommandAsAnOrdinaryUser(t *testing.T) {
	nstest.Root(t)
	l := newLadder(t)
	nobody := []string{"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"}
	for name, tt := range map[string]struct {
		prefix   []string
		commands []userCommand
	}{
		"uid 65534":               {nobody, userCommands("CAP_SYS_PTRACE", "CAP_SYS_PTRACE", "sudo ")},
		"rootless user namespace": {append(nobody, "unshare", "--user", "--map-root-user"), userCommands("look for it from the host", "the host sees them", "on the host: ")},
	} {
		prefix := tt.prefix
		t.Run(name, func(t *testing.T) {
			if out, err := exec.Command(prefix[0], append(prefix[1:], "true")...).CombinedOutput(); err != nil {
				t.Skipf("cannot be had here: %v %s", err, out)
			}
			port, _, peer := l.client(t)
			reserved, err := portrange.Reserved()
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range tt.commands {
				t.Run(c.line, func(t *testing.T) {
					fill := strings.NewReplacer("PORT", number(port), "FREE", number(port+2000)).Replace
					argv := append(append([]string{}, prefix...), append([]string{l.portguard}, strings.Fields(fill(c.line))...)...)
					a := c.run(t, fill(c.says), argv)
					a.honest(t, c.status)
					a.says(t, fill(c.says))
					if c.lacks != "" && strings.Count(strings.Join(strings.Fields(a.text()), " "), c.lacks) != 1 {
						t.Errorf("%q is not said once:\n%s", c.lacks, a.text())
					}
					if strings.Contains(a.out, "started") != (c.status == cli.ExitOK && strings.Contains(c.line, "started")) {
						t.Errorf("status %d, and the command: %q", a.status, a.out)
					}
				})
			}
			echoes(t, peer)
			if after, err := portrange.Reserved(); err != nil || after.String() != reserved.String() {
				t.Errorf("reserved: %s, was %s, %v", after, reserved, err)
			}
			for _, pattern := range []string{"/etc/sysctl.d/*portguard*", "/etc/systemd/system/order.service.d"} {
				if left, err := filepath.Glob(pattern); err != nil || len(left) > 0 {
					t.Errorf("left: %v, %v", left, err)
				}
			}
		})
	}
}

// run runs it to its end, by itself or, once it has said what it is to say, by SIGTERM.
func (c userCommand) run(t *testing.T, says string, argv []string) aftermath {
	t.Helper()
	if !c.ends {
		return suffer(t, 20*time.Second, argv...)
	}
	p, pattern := launch(t, argv...), regexp.MustCompile(says)
	eventually(t, 20*time.Second, says, func() bool { return pattern.MatchString(strings.Join(strings.Fields(p.errs.String()), " ")) })
	p.stop(t, unix.SIGTERM)
	return aftermath{status: p.cmd.ProcessState.ExitCode(), errs: p.errs.String()}
}
