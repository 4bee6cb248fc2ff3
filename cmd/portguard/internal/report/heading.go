package report

import (
	"fmt"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

func (t Text) headline(o *wrapper.Outcome) string { return t.heading(alone(o)) }

// heading is what became of an endpoint, or of a group.
func (t Text) heading(g group) string {
	o, e := g.Outcome, g.Endpoint
	fails := func(word, why string) string {
		return fmt.Sprintf("%s %s: binding %s fails with %q", g.are(), t.Paint.Bad(word), e.Bind(), why)
	}
	switch o.Trial.Verdict {
	case netdiag.Free:
		if o.By != decide.Ground {
			return fmt.Sprintf("%s %s again, by %s", g.are(), t.Paint.Good("free"), o.By)
		}
		return fmt.Sprintf("%s %s", g.are(), t.Paint.Good("free"))
	case netdiag.Taken:
		return fails("taken", "address already in use")
	case netdiag.Forbidden:
		return fails("forbidden", o.Trial.Errno.Error()) + forbiddenHelp(g)
	case netdiag.NoAddress:
		return fails("not possible", o.Trial.Errno.Error()) + "; " + lackText(o, "(yet)")
	}
	if o.Trial.Failed == netdiag.Owning {
		return fmt.Sprintf("%s %s: a socket cannot be made one of user %s to try it (%v); that takes CAP_CHOWN, as root has it",
			g.are(), t.Paint.Bad("unknown"), page.Safe(names.User(e.Owner.UID)), o.Trial.Errno)
	}
	return fails("unknown", unix.Errno(o.Trial.Errno).Error())
}

// lackText is why the host does not have an address, in a clause.
func lackText(o *wrapper.Outcome, yet string) string {
	device := page.Safe(o.Lack.Device)
	switch o.Lack.Why {
	case netdiag.Tentative:
		return fmt.Sprintf("%s is only tentative on %s: the network is still asked whether another host has it (duplicate address detection)", lacking(o), device)
	case netdiag.Elsewhere:
		return fmt.Sprintf("another host on the network of %s has %s as well, so that this one may not use it (duplicate address detection failed)", device, lacking(o))
	case netdiag.IPv6Off:
		return fmt.Sprintf("IPv6 is switched off (net.ipv6.conf.%s.disable_ipv6)", device)
	}
	return fmt.Sprintf("this host does not have %s %s", lacking(o), yet)
}

// lacking is what an endpoint takes that the host does not have.
func lacking(o *wrapper.Outcome) string {
	e := o.Endpoint
	switch {
	case o.Trial.Errno != unix.ENODEV:
		return e.Addr.String()
	case e.Device != "":
		return "the interface " + page.Safe(e.Device)
	}
	return "the interface " + page.Safe(e.Addr.Zone())
}

func forbiddenHelp(g group) string {
	o, e := g.Outcome, g.Endpoint
	switch {
	case o.Trial.Failed == netdiag.ToDevice:
		return "; a socket that a rule of the cgroup (ip vrf exec) has bound to an interface is bound to another one with CAP_NET_RAW alone, the service's as well"
	case o.Trial.Errno == unix.EPERM:
		return fmt.Sprintf("; a rule of this cgroup forbids it, to the service as well: SocketBindDeny= of the unit "+
			"(SocketBindAllow=%s:%s beside it allows it), or another BPF program", e.Protocol, portrange.Range{Low: e.Port, High: g.last})
	case e.Port < 1024:
		return "; ports below net.ipv4.ip_unprivileged_port_start need CAP_NET_BIND_SERVICE, for the service as well (AmbientCapabilities=CAP_NET_BIND_SERVICE in its unit)"
	}
	return "; a security module or a cgroup's rule forbids it to this user, and so to the service"
}
