package netdiag_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
)

// An IPv6 client has ipv6only set when it bound its address before, and only then: sock_diag does not show it.
func TestExplainAsksIPv6ClientsForIPv6Only(t *testing.T) {
	l := newLab(t)
	other := client("10.99.0.1 reuseaddr")
	for _, tt := range []struct {
		name string
		bind holders.Spec
		want []string
	}{
		{"port named, address not", spec(holders.Bound, holders.Named, ":: reuseaddr"),
			[]string{"taken", "client ESTABLISHED 10.99.0.1 mine", "bound-client ESTABLISHED fd99::1 mine"}},
		{"address named, port not", spec(holders.Bound, holders.Picked, "fd99::1 reuseaddr"),
			[]string{"taken", "client ESTABLISHED 10.99.0.1 mine"}},
		{"both named", spec(holders.Bound, holders.Named, "fd99::1 reuseaddr"),
			[]string{"taken", "client ESTABLISHED 10.99.0.1 mine"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, at := listenFD(t, "fd99::1")
			defer unix.Close(server)
			h := l.hold(t, other, tt.bind)
			if err := unix.Connect(h[1].FD, at); err != nil {
				t.Fatal(err)
			}
			setReuseAddr(t, h[0], false)
			setReuseAddr(t, h[1], false)
			if diff := cmp.Diff(tt.want, explain(t, service("0.0.0.0", l.port))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
