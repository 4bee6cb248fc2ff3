package netdiag_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/holders"
)

func client(text string) holders.Spec { return spec(holders.Established, holders.Picked, text) }

// Of all the sockets on a port only those that the bind() fails by are named.
func TestExplainNamesOnlyWhatConflicts(t *testing.T) {
	l := newLab(t)
	serverRemains := spec(holders.TimeWait, holders.AcceptedWildcard, "10.99.0.1 reuseaddr")
	for _, tt := range []struct {
		name    string
		holders []holders.Spec
		service string
		want    string // verdict; holders
	}{
		{"a client on another address", []holders.Spec{client("10.99.0.2")}, "10.99.0.1", "free"},
		{"a client by IPv4 and a service by IPv6", []holders.Spec{client("10.99.0.1")}, ":: v6only", "free"},
		{"a client by IPv6 and a service by IPv4: connect() leaves ipv6only unset", []holders.Spec{client("fd99::1")}, "0.0.0.0",
			"taken; client ESTABLISHED fd99::1 mine"},
		{"the same, bound to its address", []holders.Spec{spec(holders.Established, holders.Named, "fd99::1")}, "0.0.0.0", "free"},
		{"the same, bound to its address by port 0", []holders.Spec{spec(holders.Bound, holders.Picked, "fd99::1")}, "0.0.0.0", "free"},
		{"clients on two addresses", []holders.Spec{client("10.99.0.1"), client("10.99.0.2")}, "10.99.0.2",
			"taken; client ESTABLISHED 10.99.0.2 mine"},
		{"clients of both families", []holders.Spec{client("10.99.0.1"), client("fd99::1")}, ":: v6only",
			"taken; client ESTABLISHED fd99::1 mine"},
		{"an IPv6 server beside a client by IPv4", []holders.Spec{client("10.99.0.1 reuseaddr"), spec(holders.Listen, holders.Named, ":: v6only reuseaddr")},
			"0.0.0.0 noreuseaddr", "taken; client ESTABLISHED 10.99.0.1 mine"},
		{"the same, and a service on every address", []holders.Spec{client("10.99.0.1"), spec(holders.Listen, holders.Named, ":: v6only")},
			"*", "taken; listener LISTEN :: mine; client ESTABLISHED 10.99.0.1 mine"},

		{"a client with SO_REUSEADDR beside one without", []holders.Spec{client("10.99.0.1 reuseaddr"), client("10.99.0.1")}, "*",
			"taken; client ESTABLISHED 10.99.0.1 mine"},
		{"both with SO_REUSEADDR", []holders.Spec{client("10.99.0.1 reuseaddr"), client("10.99.0.1 reuseaddr")}, "*", "free"},
		{"both with SO_REUSEADDR, which the service lacks", []holders.Spec{client("10.99.0.1 reuseaddr"), client("10.99.0.1 reuseaddr")}, "* noreuseaddr",
			"taken; client ESTABLISHED 10.99.0.1 mine; client ESTABLISHED 10.99.0.1 mine"},
		{"a listener with SO_REUSEPORT", []holders.Spec{spec(holders.Listen, holders.Named, "0.0.0.0 reuseport")}, "* reuseport", "free"},
		{"its remains share the port with a server that was started again", []holders.Spec{serverRemains, serverRemains}, "*", "free"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l.hold(t, tt.holders...)
			got := strings.Join(explain(t, service(tt.service, l.port)), "; ")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// One port may be the local port of connections to many destinations. All of them must go, or share.
func TestExplainNamesEveryClientOfAPort(t *testing.T) {
	l := newLab(t)
	clients := l.hold(t, client("10.99.0.1"), client("10.99.0.1"), client("10.99.0.1"), client("10.99.0.1"), client("10.99.0.1"))
	for shared := range clients {
		f, err := tryAndExplain(service("0.0.0.0", l.port))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(cookies(t, clients[shared:]), named(f)); diff != "" {
			t.Errorf("when %d have SO_REUSEADDR: (-want +got)\n%s", shared, diff)
		}
		setReuseAddr(t, clients[shared], true)
	}
	if got := explain(t, service("0.0.0.0", l.port)); got[0] != "free" {
		t.Errorf("when all have SO_REUSEADDR: %q", got)
	}
}

// The other end of a connection on this host has the port for its remote one, and holds another.
func TestExplainNeverNamesThePeer(t *testing.T) {
	l := newLab(t)
	c := l.hold(t, client("10.99.0.1"))[0]
	for _, e := range []netdiag.Endpoint{service("*", l.port), service("*", remotePort(t, c))} {
		f, err := tryAndExplain(e)
		if err != nil {
			t.Fatal(err)
		}
		if got := lines(f); len(got) != 2 {
			t.Errorf("%s: %q, want one holder", e, got)
		}
		for _, h := range f.Holders {
			if h.Socket.Local.Port() != e.Port {
				t.Errorf("%s: holder on %s", e, h.Socket.Local)
			}
		}
	}
}

// What remains of the service's own connections shares its port. SO_REUSEADDR of remains cannot be asked, but tried:
// unless a certain holder is on the same address.
func TestExplainTellsTheServicesRemainsFromAClient(t *testing.T) {
	l := newLab(t)
	remains := spec(holders.TimeWait, holders.AcceptedWildcard, "10.99.0.2 reuseaddr")
	theClient := "client ESTABLISHED 10.99.0.1 mine"
	for _, tt := range []struct {
		name    string
		remains string
		want    []string
	}{
		{"on another address", "10.99.0.2", []string{"taken", theClient}},
		{"by IPv6", "fd99::1", []string{"taken", theClient}},
		{"on the client's address", "10.99.0.1", []string{"taken", theClient,
			"remains TIME_WAIT 10.99.0.1 ownerless, perhaps", "remains TIME_WAIT 10.99.0.1 ownerless, perhaps"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			remains.Addr = options(tt.remains).Addr
			h := l.hold(t, client("10.99.0.1 reuseaddr"), remains, remains)
			setReuseAddr(t, h[0], false)
			if diff := cmp.Diff(tt.want, explain(t, service("*", l.port))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
