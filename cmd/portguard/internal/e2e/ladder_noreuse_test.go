package e2e

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"portguard/internal/needs"
	"portguard/netdiag/nstest"
)

// TestNeverBreaksAStart: the placeholder stands in the way of no service that would have started without portguard.
func TestNeverBreaksAStart(t *testing.T) {
	l := newLadder(t)
	const python = "/usr/bin/python3"
	socketserver := func(addr string) func(port string) []string {
		// Without allow_reuse_address: no SO_REUSEADDR.
		return func(port string) []string {
			return []string{python, "-c", "import socketserver as s; s.TCPServer(('" + addr + "', " + port + "), s.StreamRequestHandler).serve_forever()"}
		}
	}
	services := []struct {
		name, command, pkg string
		addr               string // of the endpoint
		argv               func(port string) []string
	}{
		{"Python on every address", python, "python3", "", socketserver("0.0.0.0")},
		{"Python on 0.0.0.0, said so", python, "python3", "0.0.0.0:", socketserver("0.0.0.0")},
		{"Python on 127.0.0.1", python, "python3", "127.0.0.1:", socketserver("127.0.0.1")},
		{"Python on 127.0.0.1, not said", python, "python3", "", socketserver("127.0.0.1")},
		{"socat", "socat", "socat", "", func(port string) []string { return []string{"socat", "TCP-LISTEN:" + port + ",fork", "SYSTEM:true"} }},
		{"Go without SO_REUSEADDR, on 0.0.0.0", l.service, "", "0.0.0.0:", func(port string) []string {
			return []string{l.service, "-reuse=false", "-network=tcp4", port}
		}},
	}
	for _, host := range []string{"with IPv6", "with IPv6 switched off"} {
		t.Run(host, func(t *testing.T) {
			if host != "with IPv6" {
				withoutIPv6(t)
			}
			for _, s := range services {
				t.Run(s.name, func(t *testing.T) {
					if s.pkg != "" {
						needs.Program(t, s.command, s.pkg)
					}
					port := number(l.port())
					p := launch(t, slices.Concat([]string{l.portguard, "-v", "-p", s.addr + port, "--"}, s.argv(port))...)
					eventually(t, 10*time.Second, "the service listens", func() bool {
						c, err := net.Dial("tcp4", "127.0.0.1:"+port)
						if err == nil {
							c.Close()
						}
						return err == nil || !p.running()
					})
					if !p.running() {
						t.Errorf("the service ended with status %d", p.end(t))
					}
					if !strings.Contains(p.errs.String(), "held by fd") {
						t.Errorf("the port was not held:\n%s", p.errs.String())
					}
				})
			}
		})
	}
}

// withoutIPv6 switches the IPv6 of this namespace off until the test ends. Switched on again, loopback gets its address back
// some time later.
func withoutIPv6(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		eventually(t, 5*time.Second, "::1 is back", func() bool {
			c, err := net.Listen("tcp6", "[::1]:0")
			if err == nil {
				c.Close()
			}
			return err == nil
		})
	})
	nstest.Sysctl(t, "net.ipv6.conf.all.disable_ipv6", "1")
}
