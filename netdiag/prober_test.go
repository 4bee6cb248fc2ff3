package netdiag_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/netdiag/sockdiag"
)

// findings are the trials of services on ports, which are closed with the test.
func findings(t *testing.T, endpoints ...netdiag.Endpoint) []*netdiag.Finding {
	t.Helper()
	var all []*netdiag.Finding
	for _, e := range endpoints {
		f := &netdiag.Finding{Endpoint: e, Trial: netdiag.Try(e)}
		t.Cleanup(f.Trial.Close)
		all = append(all, f)
	}
	return all
}

func TestExplainTakesManyEndpointsAtOnce(t *testing.T) {
	l := newLab(t)
	first := l.port + 1
	l.hold(t, client("10.99.0.1"))
	l.hold(t, spec(holders.Bound, holders.Named, "udp 10.99.0.1"))
	l.hold(t, spec(holders.Listen, holders.Named, "10.99.0.1"))
	all := findings(t,
		service("*", first), service("udp *", first),
		service("*", first+1), service("udp *", first+1),
		service("10.99.0.1", first+2), service("10.99.0.2", first+2), service("fd99::1", first+2),
		service("192.0.2.1", first))
	p := netdiag.NewProber()
	defer p.Close()
	if err := p.Explain(context.Background(), all); err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for _, f := range all {
		got = append(got, lines(*f))
	}
	want := [][]string{
		{"taken", "client ESTABLISHED 10.99.0.1 mine"}, {"free"},
		{"free"}, {"taken", "listener CLOSE 10.99.0.1 mine"},
		{"taken", "listener LISTEN 10.99.0.1 mine"}, {"free"}, {"free"},
		{"no-address"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// An endpoint that comes free while it is asked for its holders is held by a new trial, which is no holder of the next one.
func TestExplainDoesNotNameItsOwnTrials(t *testing.T) {
	l := newLab(t)
	h := l.hold(t, client("10.99.0.1"))[0]
	all := findings(t, service("10.99.0.1", l.port), service("* noreuseaddr", l.port))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	p := netdiag.NewProber()
	defer p.Close()
	if err := p.Explain(context.Background(), all); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"free"}, {"taken"}}, [][]string{lines(*all[0]), lines(*all[1])}); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A trial holds its port, and so does a placeholder: they are no holders to name.
func TestExplainDoesNotNamePortguardsOwnSockets(t *testing.T) {
	l := newLab(t)
	l.hold(t, client("10.99.0.1"))
	placeholder, err := options("::1 v6only").Bind(l.port)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(placeholder)
	all := findings(t, service("10.99.0.2", l.port), service("* noreuseaddr", l.port))
	p := netdiag.NewProber()
	defer p.Close()
	p.Ignore(placeholder)
	if err := p.Explain(context.Background(), all); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"free"}, lines(*all[0])); diff != "" {
		t.Errorf("the first endpoint (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"taken", "client ESTABLISHED 10.99.0.1 mine"}, lines(*all[1])); diff != "" {
		t.Errorf("the second endpoint (-want +got)\n%s", diff)
	}
}

func TestExplainTriesAgainWhenTheHolderHasGone(t *testing.T) {
	l := newLab(t)
	h := l.hold(t, client("10.99.0.1"))[0]
	all := findings(t, service("*", l.port), service("udp *", l.port))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	p := netdiag.NewProber()
	defer p.Close()
	if err := p.Explain(context.Background(), all); err != nil {
		t.Fatal(err)
	}
	if f := all[0]; f.Trial.Verdict != netdiag.Free || f.Trial.FD < 0 || len(f.Holders) != 0 {
		t.Errorf("%q, fd %d, want free and held", lines(*f), f.Trial.FD)
	}
}

// Where netlink is forbidden /proc has to do: who opened a connection is then a guess by the port, and the prober says
// that it has not seen all.
func TestExplainWithoutNetlink(t *testing.T) {
	l := newLab(t)
	l.hold(t, client("10.99.0.1"), spec(holders.TimeWait, holders.Picked, "fd99::1"))
	l.hold(t, client("10.99.0.1 reuseaddr"), client("::ffff:10.99.0.1"))
	l.hold(t, spec(holders.Bound, holders.Named, "udp ::"))
	nstest.SetRange(t, 2000, 65000)
	all := findings(t, service("*", l.port-2), service("*", l.port-1), service("udp *", l.port), service("*", l.port))
	p := netdiag.NewProber()
	defer p.Close()
	var err error
	withoutFamily(t, unix.AF_NETLINK, func() { err = p.Explain(context.Background(), all) })
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(p.Degraded(), sockdiag.ErrUnsupported) {
		t.Errorf("degraded: %v, want %v", p.Degraded(), sockdiag.ErrUnsupported)
	}
	var got [][]string
	for _, f := range all {
		got = append(got, lines(*f))
	}
	want := [][]string{
		{"taken", "client ESTABLISHED 10.99.0.1 mine", "remains TIME_WAIT fd99::1 ownerless, perhaps"},
		{"taken", "client ESTABLISHED ::ffff:10.99.0.1 mine"},
		{"taken", "listener CLOSE :: mine"},
		{"free"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A free port asks nobody.
func TestExplainOfAFreePortTakesNoNetlink(t *testing.T) {
	all := findings(t, service("*", 31035))
	p := netdiag.NewProber()
	defer p.Close()
	var err error
	withoutFamily(t, unix.AF_NETLINK, func() { err = p.Explain(context.Background(), all) })
	if err != nil || p.Degraded() != nil {
		t.Errorf("%v, degraded: %v", err, p.Degraded())
	}
}

func TestExplainEndsWithItsContext(t *testing.T) {
	l := newLab(t)
	l.hold(t, client("10.99.0.1"))
	all := findings(t, service("*", l.port))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p := netdiag.NewProber()
	defer p.Close()
	err := p.Explain(ctx, all)
	if !errors.Is(err, context.Canceled) || errors.Is(err, sockdiag.ErrUnsupported) || all[0].Trial.Verdict != netdiag.Taken {
		t.Errorf("%q, %v, want %v", lines(*all[0]), err, context.Canceled)
	}
}

func TestProberClosesWithoutHavingAsked(t *testing.T) {
	if err := netdiag.NewProber().Close(); err != nil {
		t.Error(err)
	}
}
