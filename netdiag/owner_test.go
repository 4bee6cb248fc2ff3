package netdiag_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// SO_REUSEPORT is for the sockets of one user: who judges for another has to try as that one.
func TestTryAsTheServicesUser(t *testing.T) {
	nstest.Root(t)
	const app = 1234
	for _, tt := range []struct {
		name    string
		holder  int // uid
		service netdiag.Owner
		want    netdiag.Verdict
	}{
		{"both are the user's", app, netdiag.Owner{Other: true, UID: app}, netdiag.Free},
		{"the port is root's, the service is not", 0, netdiag.Owner{Other: true, UID: app}, netdiag.Taken},
		{"the port is the user's, the service is another's", app, netdiag.Owner{Other: true, UID: app + 1}, netdiag.Taken},
		{"the port is the user's, the service is root's", app, netdiag.Owner{}, netdiag.Taken},
		{"both are root's, and it is said", 0, netdiag.Owner{Other: true}, netdiag.Free},
	} {
		for _, protocol := range []string{"", "udp "} {
			t.Run(protocol+tt.name, func(t *testing.T) {
				l := newLab(t)
				held := options(protocol + "10.99.0.1 reuseport")
				held.UID = tt.holder
				state := holders.Listen
				if protocol != "" {
					state = holders.Bound
				}
				made := l.hold(t, holders.Spec{Options: held, State: state, Origin: holders.Named})
				e := service(protocol+"10.99.0.1 reuseport", made[0].Local.Port())
				e.Owner = tt.service
				f := netdiag.Finding{Endpoint: e, Trial: netdiag.Try(e)}
				defer f.Trial.Close()
				p := netdiag.NewProber()
				defer p.Close()
				if err := p.Explain(t.Context(), []*netdiag.Finding{&f}); err != nil {
					t.Fatal(err)
				}
				if f.Trial.Verdict != tt.want || len(f.Holders) > 0 != (tt.want == netdiag.Taken) {
					t.Errorf("%s (%v) with %d holders, want %s", f.Trial.Verdict, f.Trial.Errno, len(f.Holders), tt.want)
				}
			})
		}
	}
}

// To try as another takes a right, and the lack of it says nothing of the service.
func TestTryAsAnotherWithoutTheRight(t *testing.T) {
	e := service("* reuseport", 30770)
	e.Owner = netdiag.Owner{Other: true, UID: 1234}
	var trial netdiag.Trial
	nstest.As(t, nobody, func() { trial = netdiag.Try(e) })
	trial.Close()
	if trial.Verdict != netdiag.Unknown || trial.Errno != unix.EPERM || trial.Failed != netdiag.Owning {
		t.Errorf("%s (%v), failed %d", trial.Verdict, trial.Errno, trial.Failed)
	}
	e.Owner.UID = nobody
	nstest.As(t, nobody, func() { trial = netdiag.Try(e) })
	trial.Close()
	if trial.Verdict != netdiag.Free {
		t.Errorf("as oneself: %s (%v)", trial.Verdict, trial.Errno)
	}
}

// A placeholder begins beside the service, as one of the service's user's.
func TestBesideIsTheServicesUsers(t *testing.T) {
	nstest.Root(t)
	e := service("* reuseport", 30771)
	e.Owner = netdiag.Owner{Other: true, UID: 1234}
	fd, err := netdiag.NewBinder().Beside(e, service("::1", 1).Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Uid != 1234 {
		t.Errorf("the socket is of user %d, %v", st.Uid, err)
	}
}
