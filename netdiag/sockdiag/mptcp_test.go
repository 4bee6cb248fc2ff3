package sockdiag

import (
	"errors"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// The record of the subflow does not tell that its socket was closed.
func TestMPTCPTellsWhatWasClosed(t *testing.T) {
	const server = 24100
	to := at("127.0.0.1", server)
	l := listen(t, reuseAddr(t, mptcp4(t)), to)
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_MPTCP)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Connect(client, sockaddr(to)); err != nil {
		t.Fatal(err)
	}
	accepted := accept(t, l)
	inode := inodeOf(t, client)
	of := func(wanted uint32, all []Socket) (some []Socket) {
		for _, s := range all {
			if s.Inode == wanted {
				some = append(some, s)
			}
		}
		return some
	}
	mptcp := func() []Socket {
		t.Helper()
		all, err := dial(t).MPTCP(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	had := of(inode, mptcp())
	if len(had) != 1 || had[0].Remote.Port() != server || len(of(inodeOf(t, accepted), mptcp())) != 1 {
		t.Fatalf("the client is %+v, the server's end %+v", had, of(inodeOf(t, accepted), mptcp()))
	}
	closeNow(t, client)
	same := func(s Socket) bool { return s.Local == had[0].Local && s.Remote == had[0].Remote }
	if closed := of(0, mptcp()); len(of(inode, mptcp())) != 0 || !slices.ContainsFunc(closed, same) {
		t.Errorf("of the closed client there is %+v, and %+v of nobody, want the latter with the end %v", of(inode, mptcp()), closed, had[0].Local)
	}
	subflow := of(inode, dump(t, Query{Protocol: unix.IPPROTO_TCP}))
	if len(subflow) != 1 || subflow[0].Local != had[0].Local {
		t.Fatalf("the subflow of the closed client is %+v, want one with its inode", subflow)
	}
	// Its end would be a TIME_WAIT record, in the way of tests that count.
	if err := dial(t).Destroy(t.Context(), subflow[0]); err != nil && !errors.Is(err, ErrUnsupported) {
		t.Error(err)
	}
}
