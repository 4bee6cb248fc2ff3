package wrapper

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/netdiag/pidfd"
	"portguard/wrapper/decide"
)

// waiter is a run that waits.
type waiter struct {
	first Waiting   // what it waits for, as it said when it began
	began time.Time // when it said so
	done  chan struct{}

	ended  time.Time
	report *Report
	err    error
}

// wait starts a run and returns when it waits.
func wait(t *testing.T, ctx context.Context, p decide.Policy, endpoints ...netdiag.Endpoint) *waiter {
	t.Helper()
	w := &waiter{done: make(chan struct{})}
	told := make(chan Waiting, 1)
	g := hasty(New(p, teller(told)))
	go func() {
		defer close(w.done)
		w.report, w.err = g.Run(ctx, endpoints)
		w.ended = time.Now()
		g.Close()
		w.report.Release()
	}()
	select {
	case w.first = <-told:
	case <-w.done:
		t.Fatalf("it does not wait: %+v, %v", resultsOf(w.report), w.err)
	}
	w.began = time.Now()
	return w
}

// teller passes on what a run says first: copies, for the run goes on with its own.
type teller chan Waiting

func (c teller) Waiting(w Waiting) {
	for i, o := range w.Outcomes {
		now := *o
		w.Outcomes[i] = &now
	}
	select {
	case c <- w:
	default:
	}
}

func (teller) Acted(*Outcome, Action) {}

// end waits for the end of the run.
func (w *waiter) end(t *testing.T, limit time.Duration) *Outcome {
	t.Helper()
	select {
	case <-w.done:
	case <-time.After(limit):
		t.Fatalf("still waiting after %v", limit)
	}
	return &w.report.Outcomes[0]
}

// checkFreed makes sure that the wait has ended well.
func (w *waiter) checkFreed(t *testing.T, limit time.Duration) {
	t.Helper()
	o := w.end(t, limit)
	if o.Trial.Verdict != netdiag.Free || o.By != decide.Wait || o.TimedOut || w.err != nil {
		t.Errorf("got %+v, %v", resultsOf(w.report), w.err)
	}
	if len(o.Actions) != 1 || o.Actions[0].Result != decide.Done || !strings.HasPrefix(o.Actions[0].Detail, "free after ") {
		t.Errorf("actions: %+v", o.Actions)
	}
}

var patient = decide.Policy{Wait: 30 * time.Second}

// The median tells the kernel's event from the heartbeat, with which it would be 100 ms.
func TestWaitSeesACloseAtOnce(t *testing.T) {
	rig := holders.New(t)
	closed := pooled // by its peer, so that nothing remains when its owner closes it, too
	closed.State = holders.CloseWait
	bound := pooled
	bound.State, bound.Origin = holders.Bound, holders.Named
	for _, tt := range []struct {
		name   string
		holder holders.Spec
	}{{"connection", closed}, {"listener", listening}, {"bound", bound}} {
		t.Run(tt.name, func(t *testing.T) {
			const port, rounds = 23000, 20
			delays := make([]time.Duration, rounds)
			for i := range delays {
				h := rig.Hold(t, port, tt.holder)
				w := wait(t, t.Context(), patient, tcp(port))
				closing := time.Now()
				if err := h.CloseFD(); err != nil {
					t.Fatal(err)
				}
				w.checkFreed(t, 10*time.Second)
				delays[i] = w.ended.Sub(closing)
			}
			slices.Sort(delays)
			t.Logf("from close() to the end of the wait: median %v, maximum %v", delays[rounds/2], delays[rounds-1])
			if delays[rounds/2] > 50*time.Millisecond && !nstest.Emulated() {
				t.Error("the median is above 50ms")
			}
		})
	}
}

// No event tells that: a trial at the moment that the kernel named does.
func TestWaitSeesTheEndOfRemains(t *testing.T) {
	const port, lifetime = 23010, 3 * time.Second
	rig := holders.New(t)
	nstest.Sysctl(t, "net.ipv4.tcp_fin_timeout", "3")
	spec := pooled
	spec.State = holders.FinWait2Orphan
	rig.Hold(t, port, spec)
	closed := time.Now()
	w := wait(t, t.Context(), patient, tcp(port))
	if left := w.first.Expiry.Sub(closed); left < lifetime/2 || left > lifetime+time.Second {
		t.Errorf("the end was announced for %v after the close, FIN_WAIT2 lasts %v", left, lifetime)
	}
	w.checkFreed(t, 10*time.Second)
	late := w.ended.Sub(w.first.Expiry)
	t.Logf("free %v after the announced end", late)
	if late < -200*time.Millisecond || late > 2*time.Second {
		t.Errorf("free %v after the announced end", late)
	}
}

// Neither end closes its socket, so no event comes: the heartbeat notices.
func TestWaitSeesAReset(t *testing.T) {
	const port = 23020
	h := holders.New(t).Hold(t, port, pooled)
	w := wait(t, t.Context(), patient, tcp(port))
	if err := pidfd.Disconnect(h.Peer); err != nil { // which leaves its socket open
		t.Fatal(err)
	}
	reset := time.Now()
	w.checkFreed(t, 25*time.Second) // the heartbeat is slow when a trial was
	t.Logf("free %v after the reset", w.ended.Sub(reset))
}

func TestWaitSeesAnAddressAppear(t *testing.T) {
	for _, cidr := range []string{"10.98.0.1/32", "fd98::1/128"} {
		t.Run(cidr, func(t *testing.T) {
			const rounds = 9
			e := netdiag.Endpoint{Protocol: netdiag.TCP, Addr: netip.MustParsePrefix(cidr).Addr(), Port: 23030}
			delays := make([]time.Duration, rounds)
			for i := range delays {
				w := wait(t, t.Context(), patient, e)
				if got := w.first.Outcomes[0].Trial.Verdict; got != netdiag.NoAddress {
					t.Fatalf("it waits because the endpoint is %v", got)
				}
				t.Run("", func(t *testing.T) { // the address lasts for it
					adding := time.Now()
					nstest.Addr(t, cidr)
					w.checkFreed(t, 5*time.Second)
					delays[i] = w.ended.Sub(adding)
				})
			}
			slices.Sort(delays)
			t.Logf("from the address to the end of the wait: median %v, maximum %v", delays[rounds/2], delays[rounds-1])
			if delays[rounds/2] > 50*time.Millisecond && !nstest.Emulated() {
				t.Error("the median is above 50ms")
			}
		})
	}
}

// A device that a service is bound to may come with a tunnel or a cable, and has no address yet when it does.
func TestWaitSeesADeviceAppear(t *testing.T) {
	e := netdiag.Endpoint{Protocol: netdiag.UDP, Addr: netip.IPv4Unspecified(), Port: 23035, Device: "late0"}
	w := wait(t, t.Context(), patient, e)
	if got := w.first.Outcomes[0].Trial; got.Verdict != netdiag.NoAddress || got.Errno != unix.ENODEV {
		t.Fatalf("it waits because the endpoint is %v (%v)", got.Verdict, got.Errno)
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = e.Device
	link := &netlink.Veth{LinkAttrs: attrs, PeerName: "early0"}
	adding := time.Now()
	if err := netlink.LinkAdd(link); err != nil {
		t.Skipf("no second network device: %v", err)
	}
	defer netlink.LinkDel(link)
	w.checkFreed(t, 5*time.Second)
	if took := w.ended.Sub(adding); took > time.Second && !nstest.Emulated() {
		t.Errorf("the wait ends %v after the device has come", took)
	}
}

// While it waits, the port changes hands: the wait is for the port, not for the first holder.
func TestWaitOutlastsAChangeOfHands(t *testing.T) {
	const port = 23040
	rig := holders.New(t)
	first := rig.Hold(t, port, pooled)
	second := rig.Hold(t, port, pooled)
	w := wait(t, t.Context(), patient, tcp(port))
	if n := len(w.first.Outcomes[0].Holders); n != 2 {
		t.Errorf("it waits for %d holders, and there are 2", n)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-w.done:
		t.Errorf("one holder is left: %+v", resultsOf(w.report))
	case <-time.After(500 * time.Millisecond):
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	w.checkFreed(t, 5*time.Second)
}

func TestWaitRunsOut(t *testing.T) {
	const port, limit = 23050, 300 * time.Millisecond
	holders.New(t).Hold(t, port, pooled)
	begin := time.Now()
	w := wait(t, t.Context(), decide.Policy{Wait: limit}, tcp(port))
	if until := w.first.Until.Sub(begin); until < limit || until > limit+5*time.Second {
		t.Errorf("it says that it waits until %v after its begin", until)
	}
	o := w.end(t, 5*time.Second)
	if took := w.ended.Sub(begin); took < limit || took > limit+5*time.Second {
		t.Errorf("took %v, the limit is %v", took, limit)
	}
	if o.Trial.Verdict != netdiag.Taken || !o.TimedOut || len(o.Actions) != 1 ||
		o.Actions[0].Result != decide.Failed || !strings.HasPrefix(o.Actions[0].Detail, "still taken after ") {
		t.Errorf("got %+v", resultsOf(w.report))
	}
	if len(o.Holders) != 1 {
		t.Errorf("the report has %d holders", len(o.Holders))
	}
}

// A service manager that ends portguard does not want to wait with it.
func TestWaitEndsWithItsContext(t *testing.T) {
	const port = 23060
	holders.New(t).Hold(t, port, pooled)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := wait(t, ctx, decide.Policy{Wait: decide.Forever, Kill: true}, tcp(port))
	if !w.first.Until.IsZero() {
		t.Errorf("a wait without limit says that it ends at %v", w.first.Until)
	}
	cancel()
	cancelled := time.Now()
	o := w.end(t, 5*time.Second)
	if took := w.ended.Sub(cancelled); took > time.Second {
		t.Errorf("took %v", took)
	}
	if !errors.Is(w.err, context.Canceled) {
		t.Errorf("error: %v", w.err)
	}
	if o.TimedOut {
		t.Error("the report says that the wait ran out, but it was cut short")
	}
}

// Kill comes after wait, and only then.
func TestKillWhenTheWaitRunsOut(t *testing.T) {
	const port, limit = 23070, 300 * time.Millisecond
	victim := victims(t, holders.New(t).Hold(t, port, pooled), nil, obeys)[0]
	w := wait(t, t.Context(), decide.Policy{Wait: limit, Kill: true, Grace: 10 * time.Second}, tcp(port))
	if got := victim.signals(t); got != nil {
		t.Errorf("got %v while there was time", got)
	}
	o := w.end(t, 10*time.Second)
	if o.Trial.Verdict != netdiag.Free || o.By != decide.Kill {
		t.Errorf("got %+v", resultsOf(w.report))
	}
	if took := w.ended.Sub(w.began); took < limit/2 {
		t.Errorf("took %v, the limit is %v", took, limit)
	}
}

// Both sockets of a service come free, in the order in which they do.
func TestWaitForBothWildcards(t *testing.T) {
	const port = 25210
	rig := holders.New(t)
	var others []*holders.Holder
	endpoints := []netdiag.Endpoint{tcp(port), tcp(port)}
	for i, o := range []holders.Options{{Addr: netip.IPv4Unspecified()}, {Addr: netip.IPv6Unspecified(), V6Only: true}} {
		o.Protocol = unix.IPPROTO_TCP
		endpoints[i].Addr, endpoints[i].V6Only, endpoints[i].ReuseAddr = o.Addr, o.V6Only, netdiag.ReuseNo
		others = append(others, rig.Hold(t, port, holders.Spec{Options: o, State: holders.Listen, Origin: holders.Named}))
	}
	w := wait(t, t.Context(), patient, endpoints...)
	for _, h := range others {
		if err := h.CloseFD(); err != nil {
			t.Fatal(err)
		}
	}
	w.checkFreed(t, 10*time.Second)
	if o := w.report.Outcomes[1]; o.By != decide.Wait {
		t.Errorf("got %+v", resultsOf(w.report))
	}
}
