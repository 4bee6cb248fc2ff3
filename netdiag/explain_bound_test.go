package netdiag_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/sockdiag"
)

// besideOthers are sockets that are bound and idle, beside other holders of the port. The kernel's tables leave them out
// before Linux 6.8, and those in /proc do on every kernel.
var besideOthers = []struct {
	name    string
	holders []holders.Spec
	service string
	want    []string
}{
	{"a client", []holders.Spec{client("10.99.0.1"), spec(holders.Bound, holders.Named, "127.0.0.1")}, "*",
		[]string{"client ESTABLISHED 10.99.0.1 mine", "bound CLOSE 127.0.0.1 mine"}},
	{"a client, of the other family", []holders.Spec{client("10.99.0.1"), spec(holders.Bound, holders.Named, "fd99::1")}, "*",
		[]string{"client ESTABLISHED 10.99.0.1 mine", "bound CLOSE fd99::1 mine"}},
	{"two clients", []holders.Spec{client("10.99.0.1"), client("10.99.0.1"), spec(holders.Bound, holders.Named, "10.99.0.2")}, "*",
		[]string{"client ESTABLISHED 10.99.0.1 mine", "client ESTABLISHED 10.99.0.1 mine", "bound CLOSE 10.99.0.2 mine"}},
	{"a listener", []holders.Spec{spec(holders.Listen, holders.Named, "10.99.0.1"), spec(holders.Bound, holders.Named, "::1")}, "*",
		[]string{"listener LISTEN 10.99.0.1 mine", "bound CLOSE ::1 mine"}},
	{"TIME_WAIT", []holders.Spec{spec(holders.TimeWait, holders.Picked, "10.99.0.1"), spec(holders.Bound, holders.Named, "127.0.0.1")}, "*",
		[]string{"bound CLOSE 127.0.0.1 mine", "remains TIME_WAIT 10.99.0.1 ownerless, perhaps"}},
	{"one on the same address, both with SO_REUSEADDR", []holders.Spec{client("10.99.0.1 reuseaddr"), spec(holders.Bound, holders.Named, "10.99.0.1 reuseaddr")},
		"* noreuseaddr", []string{"client ESTABLISHED 10.99.0.1 mine", "bound CLOSE 10.99.0.1 mine"}},
	{"one that was reset after another, on the same address", []holders.Spec{spec(holders.Reset, holders.Picked, "::ffff:10.99.0.1"),
		spec(holders.Reset, holders.Named, "10.99.0.1 reuseaddr")}, "* noreuseaddr", []string{"bound CLOSE 10.99.0.1 mine"}},

	{"one that is in the way, and is not itself", []holders.Spec{client("10.99.0.1"), spec(holders.Bound, holders.Named, "127.0.0.1 reuseaddr")}, "*",
		[]string{"client ESTABLISHED 10.99.0.1 mine"}},
	{"one that is in the way, on an address of its own", []holders.Spec{client("10.99.0.1"), spec(holders.Bound, holders.Named, "127.0.0.1")}, "10.99.0.1",
		[]string{"client ESTABLISHED 10.99.0.1 mine"}},
	{"a client, when it has lost its port", []holders.Spec{client("10.99.0.1"), spec(holders.Reset, holders.Picked, "10.99.0.2")}, "*",
		[]string{"client ESTABLISHED 10.99.0.1 mine"}},
	{"a client of the same address, when it has lost its port", []holders.Spec{client("10.99.0.1"), spec(holders.Reset, holders.Picked, "10.99.0.1")}, "*",
		[]string{"client ESTABLISHED 10.99.0.1 mine"}},
}

func TestExplainNamesABoundSocketBeside(t *testing.T) {
	l := newLab(t)
	for _, tt := range besideOthers {
		t.Run(tt.name, func(t *testing.T) {
			l.hold(t, tt.holders...)
			f, err := tryAndExplain(service(tt.service, l.port))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append([]string{"taken"}, tt.want...), lines(f)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if want := !listsBound(t) && !seesEveryProcess(); f.Partial != want {
				t.Errorf("partial: %v, want %v", f.Partial, want)
			}
		})
	}
}

// seesEveryProcess: root of the host, in its first pid namespace.
func seesEveryProcess() bool {
	ns, err := os.Readlink("/proc/1/ns/pid")
	return err == nil && ns == "pid:[4026531836]" && len(randomUsers()) > 1
}

// The same without netlink: /proc leaves bound sockets out on every kernel. It does not tell who opened a connection.
func TestExplainNamesABoundSocketBesideWithoutNetlink(t *testing.T) {
	l := newLab(t)
	var all []*netdiag.Finding
	for _, tt := range besideOthers {
		l.hold(t, tt.holders...)
		all = append(all, findings(t, service(tt.service, l.port))...)
	}
	p := netdiag.NewProber()
	defer p.Close()
	var err error
	withoutFamily(t, unix.AF_NETLINK, func() { err = p.Explain(context.Background(), all) })
	if err != nil || p.Degraded() == nil {
		t.Fatalf("%v, degraded: %v", err, p.Degraded())
	}
	for i, tt := range besideOthers {
		got := lines(*all[i])[1:]
		for j, line := range got {
			got[j] = strings.Replace(line, "accepted EST", "client EST", 1)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}

// Sockets of portguard's own are in nobody's way there, either.
func TestExplainDoesNotNamePortguardsOwnBoundSockets(t *testing.T) {
	l := newLab(t)
	l.hold(t, client("10.99.0.1"))
	own, err := options("::1 v6only reuseaddr").Bind(l.port)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(own)
	f := findings(t, service("* noreuseaddr", l.port))[0]
	p := netdiag.NewProber()
	defer p.Close()
	p.Ignore(own)
	withoutFamily(t, unix.AF_NETLINK, func() { err = p.Explain(context.Background(), []*netdiag.Finding{f}) })
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range f.Holders {
		if h.Socket.State == sockdiag.Close {
			t.Errorf("named is %s", line(h))
		}
	}
}
