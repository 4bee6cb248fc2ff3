package netdiag_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

func TestExplainNamesEveryKindOfHolder(t *testing.T) {
	l := newLab(t)
	for _, tt := range []struct {
		name   string
		holder holders.Spec
		want   string
	}{
		{"listener", spec(holders.Listen, holders.Named, "0.0.0.0"), "listener LISTEN 0.0.0.0 mine"},
		{"listener on a picked port", spec(holders.Listen, holders.Picked, "::"), "listener LISTEN :: mine"},
		{"listener with SO_REUSEADDR", spec(holders.Listen, holders.Named, "10.99.0.1 reuseaddr"), "listener LISTEN 10.99.0.1 mine"},

		{"client", spec(holders.Established, holders.Picked, "10.99.0.1"), "client ESTABLISHED 10.99.0.1 mine"},
		{"client by IPv6", spec(holders.Established, holders.Picked, "fd99::1"), "client ESTABLISHED fd99::1 mine"},
		{"client by IPv4 of an IPv6 socket", spec(holders.Established, holders.Picked, "::ffff:10.99.0.1"), "client ESTABLISHED ::ffff:10.99.0.1 mine"},
		{"client without an answer yet", spec(holders.SynSent, holders.Picked, "10.99.0.1"), "client SYN_SENT 10.99.0.1 mine"},
		{"client whose server hung up", spec(holders.CloseWait, holders.Picked, "10.99.0.1"), "client CLOSE_WAIT 10.99.0.1 mine"},

		{"bound client", spec(holders.Established, holders.Named, "10.99.0.1"), "bound-client ESTABLISHED 10.99.0.1 mine"},
		{"bound client that shut down", spec(holders.FinWait2, holders.Named, "fd99::1"), "bound-client FIN_WAIT2 fd99::1 mine"},

		{"accepted", spec(holders.Established, holders.AcceptedWildcard, "10.99.0.1"), "accepted ESTABLISHED 10.99.0.1 mine"},
		{"accepted by IPv6", spec(holders.Established, holders.AcceptedSpecific, "fd99::1"), "accepted ESTABLISHED fd99::1 mine"},
		{"accepted, and the client hung up", spec(holders.CloseWait, holders.AcceptedWildcard, "::ffff:10.99.0.1"), "accepted CLOSE_WAIT ::ffff:10.99.0.1 mine"},
		{"accepted, and shut down", spec(holders.FinWait2, holders.AcceptedWildcard, "10.99.0.1"), "accepted FIN_WAIT2 10.99.0.1 mine"},

		{"bound", spec(holders.Bound, holders.Named, "10.99.0.1"), "bound CLOSE 10.99.0.1 mine"},
		{"bound client after a reset", spec(holders.Reset, holders.Named, "10.99.0.1"), "bound CLOSE 10.99.0.1 mine"},

		{"TIME_WAIT of a client", spec(holders.TimeWait, holders.Picked, "10.99.0.1"), "remains TIME_WAIT 10.99.0.1 ownerless"},
		{"TIME_WAIT of a bound client", spec(holders.TimeWait, holders.Named, "fd99::1"), "remains TIME_WAIT fd99::1 ownerless"},
		{"TIME_WAIT of a server", spec(holders.TimeWait, holders.AcceptedWildcard, "10.99.0.1"), "remains TIME_WAIT 10.99.0.1 ownerless"},
		{"FIN_WAIT2 of nobody", spec(holders.FinWait2Orphan, holders.Picked, "10.99.0.1"), "remains FIN_WAIT2 10.99.0.1 ownerless"},

		{"closing, data unsent", spec(holders.FinWait1Orphan, holders.Picked, "10.99.0.1"), "closing FIN_WAIT1 10.99.0.1 ownerless"},
		{"closing after the peer", spec(holders.LastAckOrphan, holders.AcceptedWildcard, "fd99::1"), "closing LAST_ACK fd99::1 ownerless"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := l.hold(t, tt.holder)[0]
			if diff := cmp.Diff([]string{"taken", tt.want}, explain(t, service("*", l.port))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			f, err := tryAndExplain(service("*", l.port))
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range f.Holders[0].Owners {
				if o.FD != h.FD {
					t.Errorf("fd %d, the holder's is %d", o.FD, h.FD)
				}
			}
		})
	}
}

// A connection that has sent its FIN shows no more which side opened it: then the port tells.
func TestExplainTakesAHalfClosedConnectionOnAnEphemeralPortForAClient(t *testing.T) {
	l := newLab(t)
	l.hold(t, spec(holders.FinWait2, holders.Picked, "10.99.0.1"))
	nstest.SetRange(t, 2000, 65000)
	want := []string{"taken", "client FIN_WAIT2 10.99.0.1 mine"}
	if diff := cmp.Diff(want, explain(t, service("*", l.port))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestExplainTellsHowLongRemainsLast(t *testing.T) {
	l := newLab(t)
	l.hold(t, spec(holders.TimeWait, holders.Picked, "10.99.0.1"))
	f, err := tryAndExplain(service("*", l.port))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Holders) != 1 {
		t.Fatalf("holders: %q", lines(f))
	}
	if left := f.Holders[0].Socket.Expires.Seconds(); left < 30 || left > 60 {
		t.Errorf("TIME_WAIT has %v s left, want nearly 60", left)
	}
}
