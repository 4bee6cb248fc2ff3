package wrapper

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/wrapper/decide"
)

// A dry run foresees what the run in earnest, right after it, comes to.
func TestDryRunForesees(t *testing.T) {
	nstest.Root(t) // for records, and other users' sockets
	rig := holders.New(t)
	timeWait := holders.Spec{Options: pooled.Options, State: holders.TimeWait, Origin: holders.Picked}
	for i, tt := range []struct {
		name    string
		policy  decide.Policy
		holders []holders.Spec
		no      bool // it is not had
		cannot  bool // so that it is no use to try: what comes by itself is not foreseen
	}{
		{name: "free", policy: decide.Policy{Kill: true}},
		{name: "no rung", holders: []holders.Spec{pooled}, no: true},
		{name: "a rung for it", policy: decide.Policy{Share: true}, holders: []holders.Spec{pooled}},
		{name: "none for it", policy: decide.Policy{Kill: true, Grace: time.Second}, holders: []holders.Spec{listening}, no: true},
		{name: "one of two is left alone", policy: decide.Policy{Close: true, Share: true}, holders: []holders.Spec{pooled, listening}, no: true},
		{name: "a rung for each", policy: decide.Policy{Share: true, Kill: true, KillListeners: true, Grace: time.Second}, holders: []holders.Spec{pooled, listening}},
		{name: "a record", policy: decide.Policy{Close: true}, holders: []holders.Spec{timeWait}},
		{name: "a record that ends in time", policy: decide.Policy{Wait: 2 * time.Minute}, holders: []holders.Spec{timeWait}, cannot: true},
		{name: "a record that does not", policy: decide.Policy{Wait: 10 * time.Millisecond}, holders: []holders.Spec{timeWait}, no: true},
		{name: "a wait for nobody knows how long", policy: decide.Policy{Wait: 10 * time.Millisecond}, holders: []holders.Spec{pooled}, no: true},
		{name: "a wait, and a rung", policy: decide.Policy{Wait: 10 * time.Millisecond, Kill: true, Grace: time.Second}, holders: []holders.Spec{pooled}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := uint16(22150 + i)
			for n, spec := range tt.holders {
				spec.Addr = netip.AddrFrom4([4]byte{127, 0, 0, byte(n + 1)})
				h := rig.Hold(t, port, spec)
				if spec.State != holders.TimeWait {
					victims(t, h, nil, obeys)
				}
			}
			had := func(dry bool) bool {
				p := tt.policy
				p.DryRun = dry
				g := hasty(New(p, nil))
				defer g.Close()
				r, err := g.Run(t.Context(), []netdiag.Endpoint{tcp(port)})
				defer r.Release()
				if err != nil {
					t.Fatal(err)
				}
				if dry && len(tt.holders) > 0 && r.AllFree() {
					t.Fatal("a dry run has freed it")
				}
				return r.Had()
			}
			if got := had(true); got == tt.no {
				t.Fatalf("foreseen: %v", got)
			}
			if got := tt.cannot || had(false); got == tt.no {
				t.Errorf("foreseen: %v; had: %v", !tt.no, got)
			}
		})
	}
}

// Who may not do what a rung takes is told so by the dry run as well.
func TestDryRunOfTheUnprivileged(t *testing.T) {
	nstest.Root(t)
	rig := holders.New(t)
	const alice = 64001
	record := holders.Spec{Options: pooled.Options, State: holders.TimeWait, Origin: holders.Picked}
	for i, tt := range []struct {
		name   string
		policy decide.Policy
		holder holders.Spec
	}{
		{"a record", decide.Policy{Share: true}, record},
		{"a record, by kill", decide.Policy{Kill: true}, record},
		{"another user's connection, by share", decide.Policy{Share: true}, pooled},
		{"another user's connection, by close", decide.Policy{Close: true}, pooled},
		{"another user's process", decide.Policy{Kill: true}, pooled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := uint16(22170 + i)
			h := rig.Hold(t, port, tt.holder)
			if tt.holder.State != holders.TimeWait {
				victims(t, h, as(0), obeys)
			}
			nstest.As(t, alice, func() {
				for _, dry := range []bool{true, false} {
					p := tt.policy
					p.DryRun = dry
					g := hasty(New(p, nil))
					defer g.Close()
					r, err := g.Run(t.Context(), []netdiag.Endpoint{tcp(port)})
					defer r.Release()
					if err != nil {
						t.Fatal(err)
					}
					o := &r.Outcomes[0]
					allowed := slices.ContainsFunc(o.Actions, func(a Action) bool { return a.Result != decide.NotPermitted })
					if r.Had() || len(o.Actions) == 0 || allowed { // records of a run before may be there, too
						t.Errorf("dry %v: had %v, %+v", dry, r.Had(), o.Actions)
					}
				}
			})
		})
	}
}

// A report is in nobody's way: a service that does not set SO_REUSEADDR binds while it is still going on, the port that it
// has found free or any other.
func TestLookHoldsNothing(t *testing.T) {
	rig := holders.New(t)
	const first, last = 22180, 22199
	rig.Hold(t, last, listening)
	var all []netdiag.Endpoint
	for port := uint16(first); port <= last; port++ {
		all = append(all, tcp(port))
	}
	g := hasty(New(decide.Policy{}, nil))
	defer g.Close()
	r := g.Look(all)
	defer r.Release()
	binds := func(when string) {
		t.Helper()
		for port := first; port < last; port++ {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := unix.Bind(fd, &unix.SockaddrInet4{Port: port}); err != nil {
				t.Errorf("%s: bind %d: %v", when, port, err)
			}
			unix.Close(fd)
		}
	}
	binds("after the trials")
	if err := g.Climb(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	binds("after the look at who is in the way")
	if got := r.NotFree(); len(got.Outcomes) != 1 || got.Outcomes[0].Endpoint.Port != last {
		t.Errorf("not free: %+v", got.Outcomes)
	}
}
