//go:build kernels

package netdiag_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// These take a kernel with VRFs (CONFIG_NET_VRF), which not every host has: cmd/internal/kernels boots some.

const accept = "net.ipv4.tcp_l3mdev_accept"

// What counts is the sysctl at the moment of each one's bind().
func TestConflictAcrossVRFs(t *testing.T) {
	red, slave := nstest.VRF(t)
	devices := map[string]uint32{"": 0, "red": red, "slave0": slave}
	port, pairs := uint16(21000), 0
	claim := func(o holders.Options, accepts string) netdiag.Claim {
		c := netdiag.Claim{Addr: o.Addr, ReuseAddr: o.ReuseAddr, Device: devices[o.Device]}
		if o.Device != "" && accepts == "0" {
			c.VRF = red
		}
		return c
	}
	for _, state := range []holders.State{holders.Bound, holders.Listen} {
		for _, first := range []string{"0", "1"} {
			for name := range devices {
				for _, h := range with(addresses("0.0.0.0", "::"), noReusePort, oneUser) {
					h.Device, port = name, port+1
					h = tcp(h)
					nstest.Sysctl(t, accept, first)
					fd, err := h.Bind(port)
					if err != nil {
						t.Fatal(err)
					}
					if state == holders.Listen {
						if err := unix.Listen(fd, 1); err != nil {
							t.Fatal(err)
						}
					}
					holder := claim(h, first)
					holder.Listening = state == holders.Listen
					for _, then := range []string{"0", "1"} {
						nstest.Sysctl(t, accept, then)
						for name := range devices {
							for _, s := range with(addresses("0.0.0.0", "::"), noReusePort, oneUser) {
								s.Device = name
								s = tcp(s)
								service, err := s.Bind(port)
								if err == nil {
									unix.Close(service)
								}
								pairs++
								if got := netdiag.Conflict(netdiag.TCP, claim(s, then), holder); got != (err != nil) {
									t.Errorf("%s=%s: %s %s; %s: %s: the rule says %v, the kernel %v", accept, first, state, h, then, s, got, err)
								}
							}
						}
					}
					unix.Close(fd)
				}
			}
		}
	}
	t.Logf("counted: %d pairs", pairs)
}

func TestExplainAcrossVRFs(t *testing.T) {
	l := newLab(t)
	nstest.VRF(t)
	const perhaps = ", perhaps"
	for _, tt := range []struct {
		name string
		// accept is the sysctl when the sockets of the VRF are bound, and when the service is: "0 1"
		accept  string
		own     []holders.Spec // outside of the VRF, made first
		inVRF   []string       // see inVRF
		service string
		want    string
	}{
		{"a server of a VRF and a client", "0 0", []holders.Spec{client("10.99.0.1")}, []string{"server 0.0.0.0 dev red"}, "*",
			"taken; client ESTABLISHED 10.99.0.1 mine"},
		{"the same, and the sysctl was set since", "0 1", []holders.Spec{client("10.99.0.1")}, []string{"server 0.0.0.0 dev red"}, "*",
			"taken; client ESTABLISHED 10.99.0.1 mine"},
		{"a server on a device of a VRF and a client", "0 0", []holders.Spec{client("10.99.0.1")}, []string{"server :: dev slave0"}, "*",
			"taken; client ESTABLISHED 10.99.0.1 mine"},
		{"clients in both", "0 0", []holders.Spec{client("10.99.0.1")}, []string{"client 10.88.0.1 dev red"}, "*",
			"taken; client ESTABLISHED 10.99.0.1 mine"},
		{"servers in both", "0 0", []holders.Spec{spec(holders.Listen, holders.Named, "0.0.0.0")}, []string{"server 0.0.0.0 dev red"}, "*",
			"taken; listener LISTEN 0.0.0.0 mine"},
		{"a server of a VRF that took a port of the host's", "1 1", nil, []string{"server 0.0.0.0 dev red"}, "*",
			"taken; listener LISTEN 0.0.0.0 mine"},
		{"the same, and the sysctl was cleared since", "1 0", nil, []string{"server 0.0.0.0 dev red"}, "*",
			"taken; listener LISTEN 0.0.0.0 mine"},
		{"the same, beside a client that shares", "1 0", []holders.Spec{client("10.99.0.1 reuseaddr")}, []string{"server 0.0.0.0 reuseaddr dev red"}, "*",
			"taken; listener LISTEN 0.0.0.0 mine"},
		{"a client of a VRF that took a port of the host's", "1 0", nil, []string{"client 10.88.0.1 dev red"}, "*",
			"taken; bound-client ESTABLISHED 10.88.0.1 mine"},
		{"idle sockets in both: nothing tells the one of the VRF from one that took a port of the host's", "0 0",
			[]holders.Spec{spec(holders.Bound, holders.Named, "0.0.0.0")}, []string{"idle 0.0.0.0 dev red"}, "*",
			"taken; bound CLOSE 0.0.0.0 mine; bound CLOSE 0.0.0.0 mine" + perhaps},
		{"nobody but a VRF's", "0 0", nil, []string{"server 0.0.0.0 dev red"}, "*", "free"},
		{"a service in the VRF, by the zone of its address", "0 0", []holders.Spec{spec(holders.Listen, holders.Named, "::")},
			[]string{"server :: dev slave0"}, "fe80::88%slave0", "taken; listener LISTEN :: mine"},
		{"a service that binds to the VRF's device", "0 0", []holders.Spec{spec(holders.Listen, holders.Named, "::")},
			[]string{"server 0.0.0.0 dev red"}, "* dev red", "taken; listener LISTEN 0.0.0.0 mine"},
		{"the same, and the port is the host's alone", "0 0", []holders.Spec{spec(holders.Listen, holders.Named, "::")}, nil, "* dev red", "free"},
		{"a service that binds to another device of the VRF", "0 0", nil, []string{"server 0.0.0.0 dev red"}, "10.88.0.1 dev slave0", "free"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l.hold(t, tt.own...)
			first, then, _ := strings.Cut(tt.accept, " ")
			nstest.Sysctl(t, accept, first)
			for _, text := range tt.inVRF {
				inVRF(t, text, l.port)
			}
			nstest.Sysctl(t, accept, then)
			got := strings.Join(explain(t, service(tt.service, l.port)), "; ")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// inVRF makes "server OPTIONS", "idle OPTIONS" or "client OPTIONS", which is connected to a server in the VRF, on the port.
func inVRF(t *testing.T, text string, port uint16) {
	t.Helper()
	what, rest, _ := strings.Cut(text, " ")
	o := options(rest)
	fd, err := o.Bind(port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	switch what {
	case "idle":
	case "server":
		err = unix.Listen(fd, 1)
	case "client":
		server, at := listenFD(t, rest)
		defer unix.Close(server)
		if err = unix.Connect(fd, at); err == nil {
			var peer int
			if peer, _, err = unix.Accept4(server, unix.SOCK_CLOEXEC); err == nil {
				t.Cleanup(func() {
					_ = unix.SetsockoptLinger(peer, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
					unix.Close(peer)
				})
			}
		}
	default:
		t.Fatalf("%q: what is a %s?", text, what)
	}
	if err != nil {
		t.Fatal(err)
	}
}
