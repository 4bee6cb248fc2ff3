package e2e

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
)

// Many servers go on with [::] alone when somebody has their port in IPv4: they are up, and deaf to half of their clients. The audit finds them
// wherever their port lies, and no service that listens in one family by its own choice.
func TestAuditFindsServicesThatAreUpByHalf(t *testing.T) {
	l := newLadder(t)
	r := newSysctlRig(t)
	setRange(t, 50000, 60999)
	halved, chosen := l.port(), l.port()
	l.take(t, l.rig.Hold(t, halved, pooled(loopback4))) // of another process
	for _, port := range []uint16{halved, chosen} {
		six := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
			var err error
			return cmpOr(c.Control(func(fd uintptr) {
				err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
			}), &err)
		}}
		s, err := six.Listen(context.Background(), "tcp6", "[::]:"+number(port))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	}

	out := joined(r.runs(t, cli.ExitAtRisk, "audit", "--sample", "10ms"))
	says(t, out, "1 port is served by half", number(halved)+"/tcp", "deaf on IPv4: keeper (pid ", " has 127.0.0.1:"+number(halved))
	if strings.Contains(out, number(chosen)+"/tcp") {
		t.Errorf("%d listens on IPv6 by its own choice:\n%s", chosen, out)
	}
	row := rowOf(t, r.audits(t, cli.ExitAtRisk), number(halved)+"/tcp")
	if len(row.Halves) != 1 || row.Halves[0].Lacks != "0.0.0.0:"+number(halved) || len(row.Halves[0].Holders) != 1 || !row.AtRisk {
		t.Errorf("%+v", row)
	}
	says(t, r.runs(t, 0, "audit", "--openmetrics", "--sample", "10ms"),
		"\nportguard_ports_half{protocol=\"tcp\"} 1\n", "\nportguard_port_half{port=\""+number(halved)+"\",protocol=\"tcp\"} 1\n")
}

func cmpOr(err error, inner *error) error {
	if err != nil {
		return err
	}
	return *inner
}
