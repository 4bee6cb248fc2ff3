package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/systemd"
	"portguard/wrapper"
	"portguard/wrapper/container"
)

// maxHolders is how many holders of one endpoint are shown in full; JSON has them all.
const MaxHolders = 8

// Text writes the report that a person reads.
type Text struct {
	W     io.Writer
	Facts Facts
	judge wrapper.Judge
	Now   time.Time
	Paint cli.Paint
	// actions are listed: not in front of a COMMAND, where each was said when it happened.
	actions bool
}

// Render writes the report.
func (t Text) Render(r *wrapper.Report) {
	t.judge, t.Facts = r.Judge, t.Facts.about(r)
	for i := range r.Outcomes {
		if i > 0 && len(r.Outcomes[i].Holders)+len(r.Outcomes[i-1].Holders) > 0 {
			fmt.Fprintln(t.W)
		}
		t.outcome(&r.Outcomes[i])
	}
	for _, text := range limits(r) {
		fmt.Fprintf(t.W, "\n  note    %s\n", cli.Safe(text))
	}
}

// limits is what the report may lack, and why.
func limits(r *wrapper.Report) []string {
	partial := func(o wrapper.Outcome) bool { return o.Partial && o.Trial.Verdict == netdiag.Taken }
	switch {
	case r.Degraded != nil:
		return []string{DegradedText(r.Degraded)}
	case slices.ContainsFunc(r.Outcomes, partial):
		return []string{"there may be more in the way than shows: " + wrapper.Unseen}
	}
	return nil
}

// DegradedText says what is missing, and what would give it.
func DegradedText(err error) string {
	return fmt.Sprintf("%v: /proc/net was read instead, which shows neither idle bound sockets nor units (a unit needs RestrictAddressFamilies=AF_NETLINK for it)", err)
}

func (t Text) outcome(o *wrapper.Outcome) {
	fmt.Fprintln(t.W, t.headline(o))
	if o.Trial.Verdict == netdiag.Taken {
		t.holders(o)
	}
	if t.actions && len(o.Actions) > 0 {
		fmt.Fprintln(t.W)
		for _, a := range o.Actions {
			fmt.Fprintf(t.W, "  %-7s %s: %s\n", a.Rung, resultText(a.Result), cli.Safe(a.Detail))
		}
	}
	t.diverted(o)
	t.advice(o)
}

func (t Text) headline(o *wrapper.Outcome) string {
	e := o.Endpoint
	fails := func(word, why string) string {
		return fmt.Sprintf("%s is %s: binding %s fails with %q", e, t.Paint.Bad(word), e.Bind(), why)
	}
	switch o.Trial.Verdict {
	case netdiag.Free:
		if o.By != wrapper.Ground {
			return fmt.Sprintf("%s is %s again, by %s", e, t.Paint.Good("free"), o.By)
		}
		return fmt.Sprintf("%s is %s", e, t.Paint.Good("free"))
	case netdiag.Taken:
		return fails("taken", "address already in use")
	case netdiag.Forbidden:
		return fails("forbidden", o.Trial.Errno.Error()) + forbiddenHelp(o)
	case netdiag.NoAddress:
		return fails("not possible", o.Trial.Errno.Error()) + "; " + lackText(o, "(yet)")
	}
	if o.Trial.Failed == netdiag.Owning {
		return fmt.Sprintf("%s is %s: a socket cannot be made one of user %s to try it (%v); that takes CAP_CHOWN, as root has it",
			e, t.Paint.Bad("unknown"), cli.Safe(UserName(e.Owner.UID)), o.Trial.Errno)
	}
	return fails("unknown", unix.Errno(o.Trial.Errno).Error())
}

// lackText is why the host does not have an address, in a clause.
func lackText(o *wrapper.Outcome, yet string) string {
	device := cli.Safe(o.Lack.Device)
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
		return "the interface " + cli.Safe(e.Device)
	}
	return "the interface " + cli.Safe(e.Addr.Zone())
}

func forbiddenHelp(o *wrapper.Outcome) string {
	e := o.Endpoint
	switch {
	case o.Trial.Failed == netdiag.ToDevice:
		return "; a socket that a rule of the cgroup (ip vrf exec) has bound to an interface is bound to another one with CAP_NET_RAW alone, the service's as well"
	case o.Trial.Errno == unix.EPERM:
		return fmt.Sprintf("; a rule of this cgroup forbids it, to the service as well: SocketBindDeny= of the unit "+
			"(SocketBindAllow=%s:%d beside it allows it), or another BPF program", e.Protocol, e.Port)
	case e.Port < 1024:
		return "; ports below net.ipv4.ip_unprivileged_port_start need CAP_NET_BIND_SERVICE, for the service as well (AmbientCapabilities=CAP_NET_BIND_SERVICE in its unit)"
	}
	return "; a security module or a cgroup's rule forbids it to this user, and so to the service"
}

func (t Text) holders(o *wrapper.Outcome) {
	switch {
	case o.Unexplained != nil:
		fmt.Fprintf(t.W, "\n  holder  not known: %s\n", cli.Safe(o.Unexplained.Error()))
	case len(o.Holders) == 0:
		fmt.Fprintf(t.W, "\n  holder  not known: the kernel's tables show nobody on this port. Linux before 6.8 does not list a socket\n"+
			"          that is bound and neither listens nor is connected\n")
	}
	t.Holders(o.Holders)
}

// Holders tells of each what is known of it.
func (t Text) Holders(all []netdiag.Holder) {
	for i, h := range all {
		if i == MaxHolders {
			fmt.Fprintf(t.W, "\n  and %d more (--json has them all)\n", len(all)-MaxHolders)
			break
		}
		t.holder(h)
	}
}

// hindered says what keeps a process from ending when it is told to, after a comma. That it is asleep for a moment does not.
func hindered(p owner.Process) string {
	if c := p.Condition; c.State == 'D' && c.Frozen == "" && !c.Killed {
		return ""
	}
	if why := wrapper.Hindrance(p.Condition); why != "" {
		return ", " + why
	}
	return ""
}

func (t Text) holder(h netdiag.Holder) {
	fmt.Fprintln(t.W)
	for _, p := range h.Owners {
		fmt.Fprintf(t.W, "  %s  %s (pid %d, %s%s), running for %s%s\n", t.Paint.Label("holder"), t.Paint.Name(cli.Safe(p.Command)), p.PID,
			cli.Safe(UserOf(p)), WhereOf(cgroupOf(h, p)), age(t.Now.Sub(p.Started)), hindered(p))
		if len(p.Args) > 0 {
			fmt.Fprintf(t.W, "          %s\n", cli.CommandLine(p.Args, 100))
		}
	}
	for _, hint := range h.Hints {
		perhaps := ""
		if !hint.Kind.Certain() {
			perhaps = "perhaps "
		}
		fmt.Fprintf(t.W, "  %s  %s%s (pid %d, %s), by fd %d%s\n", t.Paint.Label("held by"), perhaps, cli.Safe(hint.Process.Command), hint.Process.PID,
			cli.Safe(UserOf(hint.Process)), hint.Process.FD, hindered(hint.Process))
	}
	if len(h.Owners) == 0 && len(h.Hints) == 0 {
		fmt.Fprintf(t.W, "  %s  %s%s\n", t.Paint.Label("holder"), Nobody(h), WhereOf(h.Cgroup))
	}
	fmt.Fprintf(t.W, "  %s  %s%s  %s%s\n", t.Paint.Label("socket"), h.Local(), Arrow(h), h.Socket.State, fdOf(h.Owners))
	for _, line := range cli.Wrap(why(h, t.Facts), 100) {
		fmt.Fprintf(t.W, "          %s\n", line)
	}
	for _, from := range origins(h, t.Facts.Around) {
		fmt.Fprintf(t.W, "  %s    %s\n", t.Paint.Label("from"), from)
	}
	switch {
	case h.MayBeApart():
		fmt.Fprintf(t.W, "          (it is bound in a VRF: whether it is in the way hangs on what net.ipv4.tcp_l3mdev_accept was then, which nothing tells)\n")
	case !h.Certain:
		fmt.Fprintf(t.W, "          (whether it is in the way hangs on its socket options, which could not be seen)\n")
	}
}

// Nobody stands where a process would be named.
func Nobody(h netdiag.Holder) string {
	switch h.Absence {
	case netdiag.Ownerless:
		return "no process"
	case netdiag.OfKernel:
		return "the kernel"
	case netdiag.NotAccepted:
		return "the listener's queue"
	}
	return fmt.Sprintf("a process of user %s", cli.Safe(UserName(h.Socket.UID)))
}

// cgroupOf is that of an owner, or the one that its socket was made in: a service manager keeps sockets for its units.
func cgroupOf(h netdiag.Holder, p owner.Process) string {
	if p.Cgroup == "" || systemd.IsManager(p.Cgroup, p.Exe) {
		return h.Cgroup
	}
	return p.Cgroup
}

// WhereOf is the unit and the container of a cgroup, each after a comma.
func WhereOf(cgroup string) string {
	var b strings.Builder
	if u, ok := systemd.UnitOfCgroup(cgroup); ok {
		fmt.Fprintf(&b, ", %s", cli.Safe(u.Name))
		if u.User {
			fmt.Fprintf(&b, " of %s", cli.Safe(u.Owner))
		}
	}
	if c, ok := container.OfCgroup(cgroup); ok {
		id := c.ID
		if len(id) > 12 {
			id = id[:12]
		}
		if name := (container.Files{}).Name(c); name != "" && name != c.ID {
			id = name + " " + id
		}
		fmt.Fprintf(&b, ", %s container %s", c.Runtime, cli.Safe(id))
	}
	return b.String()
}

// Arrow is " -> " and the peer, "" without one.
func Arrow(h netdiag.Holder) string {
	if h.Socket.Remote.Port() == 0 {
		return ""
	}
	return " -> " + netdiag.Plain(h.Socket.Remote).String()
}

func fdOf(owners []owner.Process) string {
	switch len(owners) {
	case 0:
		return ""
	case 1:
		if p := owners[0]; p.TID != 0 {
			return fmt.Sprintf(", fd %d of thread %d alone", p.FD, p.TID)
		}
		return fmt.Sprintf(", fd %d", owners[0].FD)
	}
	parts := make([]string, len(owners))
	for i, p := range owners {
		parts[i] = fmt.Sprintf("fd %d of %d", p.FD, p.PID)
	}
	return ", " + strings.Join(parts, ", ")
}

// advice writes the lines that would help, in columns.
func (t Text) advice(o *wrapper.Outcome) {
	all := Advise(o, t.judge, t.Facts)
	if len(all) == 0 {
		return
	}
	width := 0
	for _, a := range all {
		width = max(width, len(a.Command))
	}
	fmt.Fprintln(t.W)
	when := ""
	for _, a := range all {
		label := a.when
		if label == when {
			label = ""
		}
		when = a.when
		fmt.Fprintf(t.W, "  %s%s  %-*s   %s\n", t.Paint.Label(label), strings.Repeat(" ", max(0, 6-len(label))), width, a.Command, a.Effect)
	}
}
