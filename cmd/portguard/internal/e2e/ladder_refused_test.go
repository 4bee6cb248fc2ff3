package e2e

import (
	"regexp"
	"strings"
	"syscall"
	"testing"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// nobodyUser is an ordinary user.
var nobodyUser = &syscall.Credential{Uid: 65534, Gid: 65534}

// TestShareRefused: what cannot be shared stays as it is, and the report says why.
func TestShareRefused(t *testing.T) {
	l := newLadder(t)
	for _, c := range []struct {
		name   string
		hold   func(t *testing.T, port uint16)
		as     *syscall.Credential
		status int
		want   string // a regular expression for one of the actions
	}{
		{
			name: "an MPTCP client",
			hold: func(t *testing.T, port uint16) {
				client, _ := mptcpClient(t, port)
				l.keep(t, nil, []int{client})
			},
			status: cli.ExitUnavailable,
			want:   `share not-possible: .*MPTCP.*--close`,
		},
		{
			name: "a client that is connected to itself",
			hold: func(t *testing.T, port uint16) {
				l.keep(t, nil, []int{selfConnected(t, port)})
			},
			status: cli.ExitUnavailable,
			want:   `share not-possible: .*connection to itself.*--close`,
		},
		{
			name: "an orphan with data to send",
			hold: func(t *testing.T, port uint16) {
				l.rig.Hold(t, port, tcpSpec(loopback4, holders.FinWait1Orphan, holders.Picked))
			},
			status: cli.ExitUnavailable,
			want:   `share not-possible: no process has it any more, and it still has data to send`,
		},
		{
			name: "a listening service",
			hold: func(t *testing.T, port uint16) {
				l.take(t, l.rig.Hold(t, port, tcpSpec(loopback4, holders.Listen, holders.Named)))
			},
			status: cli.ExitUnavailable,
			want:   `share not-possible: nothing binds beside a listening socket`,
		},
		{
			name: "another user's process, as an ordinary user",
			hold: func(t *testing.T, port uint16) {
				nstest.Root(t)
				l.take(t, l.rig.Hold(t, port, pooled(loopback4)))
			},
			as:     nobodyUser,
			status: cli.ExitNoPerm,
			want:   `share not-permitted: its owner is not visible to this user`,
		},
		{
			name: "TIME_WAIT, as an ordinary user",
			hold: func(t *testing.T, port uint16) {
				nstest.Root(t)
				l.needsSockDestroy(t)
				l.rig.Hold(t, port, tcpSpec(loopback4, holders.TimeWait, holders.Picked))
			},
			as:     nobodyUser,
			status: cli.ExitNoPerm,
			want:   `share not-permitted: .*CAP_NET_ADMIN`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := l.port()
			c.hold(t, port)
			status, e := l.report(t, c.as, "--share", "-p", number(port))
			if status != c.status || e.Verdict != "taken" {
				t.Errorf("status %d, verdict %s; want %d, taken", status, e.Verdict, c.status)
			}
			if got := actionsOf(e); !regexp.MustCompile(c.want).MatchString(got) {
				t.Errorf("want %s in\n%s", c.want, got)
			}
		})
	}
	t.Run("without SO_REUSEADDR there is no sharing", func(t *testing.T) {
		p := launch(t, l.portguard, "--share", "--no-reuseaddr", "-p", number(l.port()))
		if status := p.end(t); status != cli.ExitUsage || !strings.Contains(p.errs.String(), "SO_REUSEADDR") {
			t.Errorf("status %d, want %d\n%s", status, cli.ExitUsage, p.errs.String())
		}
	})
	t.Run("close cuts the MPTCP client", func(t *testing.T) {
		port := l.port()
		client, _ := mptcpClient(t, port)
		l.keep(t, nil, []int{client})
		l.serves(t, port, "--share", "--close")
	})
	t.Run("close cuts the client that is connected to itself", func(t *testing.T) {
		port := l.port()
		l.keep(t, nil, []int{selfConnected(t, port)})
		l.serves(t, port, "--share", "--close")
	})
}

// TestCloseRefused: no connection is cut when the port would stay taken all the same.
func TestCloseRefused(t *testing.T) {
	l := newLadder(t)
	port := l.port()
	client, server := mptcpClientOn(t, port)
	l.keep(t, nil, []int{client})
	status, e := l.report(t, nil, "--close", "-p", number(port))
	if status != cli.ExitUnavailable || !strings.Contains(actionsOf(e), "close not-possible: its program asked for the port") {
		t.Errorf("status %d\n%s", status, actionsOf(e))
	}
	echoes(t, server)
}
