package portrange

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag/nstest"
)

func TestReadFacts(t *testing.T) {
	nstest.SetRange(t, 20000, 30001)
	reserve(t, "20010,25000-25009")
	nstest.Sysctl(t, "net.ipv4.ip_unprivileged_port_start", "80")
	nstest.Sysctl(t, "net.ipv4.tcp_fin_timeout", "17")
	nstest.Sysctl(t, "net.ipv4.tcp_tw_reuse", "1")
	got, err := ReadFacts()
	if err != nil {
		t.Fatal(err)
	}
	if n := got.UDPTable; n < 0 || n&(n-1) != 0 { // the kernel's own, where it tells
		t.Errorf("the table of UDP sockets has %d places", n)
	}
	want := Facts{UDPTable: got.UDPTable, Range: Range{20000, 30001}, Reserved: Set{{20010, 20010}, {25000, 25009}}, Unprivileged: 80, FinTimeout: 17 * time.Second, Reuse: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
