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

// TestNeverBreaksHalfAStart: nor does it cost a service without SO_REUSEADDR one of its sockets.
func TestNeverBreaksHalfAStart(t *testing.T) {
	l := newLadder(t)
	const python = "/usr/bin/python3"
	needs.Program(t, python, "python3")
	const service = `
import socket, sys, time
for addr in sys.argv[2:]:
    s = socket.socket(socket.AF_INET6 if ':' in addr else socket.AF_INET)
    if ':' in addr: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, addr != '::dual')
    s.bind((addr.removesuffix('dual'), int(sys.argv[1])))
    s.listen()
    globals()[addr] = s
print('up', flush=True)
time.sleep(60)
`
	nstest.Sysctl(t, "net.ipv4.ip_local_reserved_ports", "\n") // and what is reserved here goes with the test
	for _, tt := range []struct {
		flags string // PORT is the port
		binds string
		held  bool
	}{
		{"-p PORT", "127.0.0.1 ::1", true},
		{"-p PORT", "0.0.0.0 ::1", true},
		{"-p 127.0.0.1:PORT -p [::1]:PORT", "127.0.0.1 ::1", true},
		{"-p 127.0.0.1:PORT -p [::1]:PORT", "::1 127.0.0.1", true},
		{"-p localhost:PORT", "127.0.0.1 ::1", true},
		{"--reuseaddr no -p localhost:PORT", "127.0.0.1 ::1", true},
		{"--reuseaddr no -p PORT", "0.0.0.0 ::", false},
		{"--reuseaddr no -p PORT", "::dual", false},
		{"--reuseaddr no -p 0.0.0.0:PORT", "0.0.0.0 ::", false},
		{"--reuseaddr no --v6only -p 0.0.0.0:PORT -p [::]:PORT", ":: 0.0.0.0", false},
		{"--hold none -p PORT", "0.0.0.0 ::", false},
		{"--hold none --reserve -p PORT", "0.0.0.0 ::", false},
		{"--hold none --reserve -p PORT", "::dual", false},
	} {
		t.Run(tt.flags+" "+tt.binds, func(t *testing.T) {
			port := number(l.port())
			flags := strings.Fields(strings.ReplaceAll(tt.flags, "PORT", port))
			argv := append([]string{python, "-c", service, port}, strings.Fields(tt.binds)...)
			p := launch(t, slices.Concat([]string{l.portguard, "-v"}, flags, []string{"--"}, argv)...)
			p.expect(t, "up")
			if held := strings.Contains(p.errs.String(), "held by fd"); held != tt.held {
				t.Errorf("held: %v, want %v\n%s", held, tt.held, p.errs.String())
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
