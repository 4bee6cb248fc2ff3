package holders

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// sockDestroy is SOCK_DESTROY of include/uapi/linux/sock_diag.h.
const sockDestroy = 21

// Destroys reports whether SOCK_DESTROY takes connections of this state away, by doing it to one of its own. Linux 5.10
// refuses to do it to TIME_WAIT and FIN_WAIT2 of nobody, and does nothing to other orphans; a kernel without
// CONFIG_INET_DIAG_DESTROY refuses it for every state. It needs CAP_NET_ADMIN in the namespace.
func (r *Rig) Destroys(t testing.TB, state State) bool {
	t.Helper()
	if state == TimeWait {
		state = FinWait2Orphan // the same to the kernel, and its other end can be closed so that nothing is left
	}
	const port = 19000
	h, err := r.Make(port, Spec{Options{Protocol: unix.IPPROTO_TCP, Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1})}, state, Picked})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	remote, err := localAddr(h.Peer)
	if err != nil {
		t.Fatal(err)
	}
	c := connection{local: h.Local, remote: remote}
	req := nl.NewNetlinkRequest(sockDestroy, unix.NLM_F_ACK)
	req.AddRawData(c.request())
	_, err = req.Execute(unix.NETLINK_INET_DIAG, 0)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	left, err := c.state()
	if err != nil {
		t.Fatal(err)
	}
	return left == unix.BPF_TCP_CLOSE
}
