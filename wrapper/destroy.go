package wrapper

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/release"
	"portguard/wrapper/decide"
)

// destroy ends a socket, if it still is the one that was found. EOPNOTSUPP: this kernel cannot.
func (g *Guard) destroy(ctx context.Context, h *netdiag.Holder) error {
	diag, err := g.prober.Diag()
	if err != nil {
		return err
	}
	if h.Kind == netdiag.Closing && capable(unix.CAP_NET_ADMIN) && !endsOrphans(ctx, diag) {
		return unix.EOPNOTSUPP
	}
	return diag.Destroy(ctx, h.Socket)
}

// clearOne ends a record that no process owns.
func (g *Guard) clearOne(ctx context.Context, rung decide.Rung, h *netdiag.Holder) Action {
	err := g.destroy(ctx, h)
	switch {
	case err == nil, errors.Is(err, unix.ENOENT):
		return Action{rung, h, decide.Done, "cleared the " + describe(h) + ", which belonged to no process"}
	case errors.Is(err, unix.EPERM):
		return Action{rung, h, decide.NotPermitted, "clear the " + describe(h) + ": that takes CAP_NET_ADMIN"}
	case errors.Is(err, unix.EOPNOTSUPP):
		return Action{rung, h, decide.NotPossible, "clear the " + describe(h) + ": this kernel cannot; it ends by itself (--wait)"}
	}
	return Action{rung, h, decide.Failed, "clear the " + describe(h) + ": " + err.Error()}
}

// canClear reports whether the kernel would clear for us what a process leaves behind: it lets us, it has SOCK_DESTROY, and it
// knows how to: of TIME_WAIT its version tells that (Linux 6.0), of orphans one of our own.
func (g *Guard) canClear(ctx context.Context) bool {
	if g.mayDestroy(ctx) != nil || !release.Since(6, 0) {
		return false
	}
	diag, err := g.prober.Diag()
	return err == nil && endsOrphans(ctx, diag)
}

// capable reports whether this thread has a capability in effect, in its own user namespace.
func capable(capability int) bool {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return false
	}
	return data[capability/32].Effective&(1<<(capability%32)) != 0
}
