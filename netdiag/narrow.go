package netdiag

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"portguard/netdiag/owner"
	"portguard/netdiag/pidfd"
	"portguard/netdiag/sockdiag"
)

// Limits of what is done to tell holders that conflict from sockets that share the port: a busy server may have tens of
// thousands of connections on it.
const (
	maxInspected = 1024 // sockets whose flags are asked of a duplicate
	maxProbed    = 64   // local addresses that are bound one by one
)

// owners searches /proc for every candidate's processes, all at once.
func (p *Prober) owners(ctx context.Context, findings []*Finding, t *tables) (owner.Result, error) {
	var inodes []uint32
	cgroups := map[uint64]bool{}
	for _, f := range findings {
		for s := range t.candidates(f) {
			if s.Inode != 0 {
				inodes = append(inodes, s.Inode)
				cgroups[s.CgroupID] = true
			}
		}
	}
	if len(inodes) == 0 {
		return owner.Result{}, nil
	}
	if p.expects && p.degraded == nil {
		beside, _ := p.services(ctx, cgroups) // what is missing here Beside will search for
		for _, s := range beside {
			inodes = append(inodes, s.Inode)
		}
	}
	found, err := p.scanner.Find(ctx, inodes)
	p.seen = map[uint32][]owner.Process{}
	if err == nil {
		for _, ino := range inodes {
			p.seen[ino] = found.Owners[ino]
		}
	}
	return found, err
}

// holders are the candidates that conflict, the certain ones first.
func (t *tables) holders(f *Finding, found owner.Result, searched error) []Holder {
	inspect(t.candidates(f), found.Owners, t)
	t.settle(f)
	onPort := t.byPort[keyOf(f.Endpoint)]
	candidates := slices.AppendSeq(make([]sockdiag.Socket, 0, len(onPort)), t.candidates(f))
	first := sockdiag.No
	switch {
	case f.Endpoint.Protocol == TCP:
		candidates = probe(f, candidates, t)
	case f.Trial.Claim.ReusePort:
		if first = sharesFirst(f.Trial.Claim, onPort, t.flagsOf); first == sockdiag.Yes {
			return nil
		}
	}
	holders := make([]Holder, 0, len(candidates))
	for _, s := range candidates {
		h := t.holder(s, found, searched)
		h.Certain = len(candidates) == 1 && f.Endpoint.Protocol == TCP && !t.partial ||
			first == sockdiag.No && Assess(f.Trial.Claim, s, h.Flags) == sockdiag.Yes
		holders = append(holders, h)
	}
	slices.SortStableFunc(holders, compareHolders)
	return holders
}

func compareHolders(a, b Holder) int {
	if a.Certain != b.Certain {
		if a.Certain {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), a.Socket.Remote.Compare(b.Socket.Remote), cmp.Compare(a.Socket.Cookie, b.Socket.Cookie))
}

func (t *tables) holder(s sockdiag.Socket, found owner.Result, searched error) Holder {
	h := Holder{
		Socket: s,
		Kind:   t.kind(s),
		Flags:  t.flagsOf(s),
		Owners: found.Owners[s.Inode],
		Device: t.deviceOf(s),
	}
	if len(h.Owners) == 0 {
		h.Hints = hintsAt(s, found.Held[s.Inode])
		h.Absence = absence(s, h.Kind, found, h.Hints, searched, t.closed(s), t.smcUnasked)
	}
	if h.Absence == OfKernel {
		h.Kind = Kernel
	}
	if h.Kind == Listener {
		h.askHowItCame()
	}
	h.Cgroup = t.cgroupOf(s, h.Owners)
	h.Hooked = h.Kind == BoundClient && t.hooked(s)
	return h
}

// hintsAt leaves out the rings whose sockets are of another protocol.
func hintsAt(s sockdiag.Socket, all []owner.Hint) []owner.Hint {
	protocol := strings.ToUpper(Protocol(s.Protocol).String())
	return slices.DeleteFunc(slices.Clone(all), func(h owner.Hint) bool {
		return h.Kind == owner.HintVeiledRing && !strings.Contains(h.Files, protocol)
	})
}

// cgroupOf is the cgroup that the socket was made in; where that is gone or says nothing, an owner's.
func (t *tables) cgroupOf(s sockdiag.Socket, owners []owner.Process) string {
	path, known := t.cgroups[s.CgroupID]
	if !known && s.CgroupID != 0 {
		path, _ = owner.CgroupPath(s.CgroupID)
		t.cgroups[s.CgroupID] = path
	}
	if (path == "" || path == "/") && len(owners) > 0 {
		path = user(owners).Cgroup
	}
	return path
}

// user is the first owner that is no service manager: systemd, which calls its own cgroup init.scope, keeps sockets for
// services over their restarts (FileDescriptorStoreMax=), and their first cgroup is gone then.
func user(owners []owner.Process) owner.Process {
	for _, o := range owners {
		if !strings.HasSuffix(o.Cgroup, "/init.scope") {
			return o
		}
	}
	return owners[0]
}

// inspect asks the sockets themselves for the flags that sock_diag does not show, where this user may: through a
// duplicate that is only read.
func inspect(candidates iter.Seq[sockdiag.Socket], owners map[uint32][]owner.Process, t *tables) {
	if len(owners) == 0 {
		return
	}
	may := pidfd.MayGetFD() == nil
	n := 0
	for s := range candidates {
		if n++; n > maxInspected {
			return
		}
		if s.Inode == 0 || len(owners[s.Inode]) == 0 {
			continue
		}
		flags, err := askOwners(owners[s.Inode], s, &may)
		switch {
		case err == nil:
			t.flags[idOf(s)] = flags
		case !errors.Is(err, ErrChanged):
			t.flags[idOf(s)] = Flags{V6Only: v6Only(s), Closed: true}
		}
	}
}

// askOwners asks through the first owner that lets us. may: nothing has shown yet that none can on this kernel, or under this
// seccomp filter.
func askOwners(owners []owner.Process, s sockdiag.Socket, may *bool) (flags Flags, err error) {
	for _, o := range owners {
		if !*may {
			return Flags{}, errors.ErrUnsupported
		}
		if flags, err = readFlags(o, s); err == nil {
			return flags, nil
		}
		*may = !errors.Is(err, errors.ErrUnsupported) || o.TID != 0
	}
	return Flags{}, err
}

// probe drops the candidates that share the port: when bind() of one's own address succeeds with the service's options,
// no socket on that address stands in the way. It takes no privilege, and helps for what this user cannot ask, and for TIME_WAIT,
// which nobody can. For a socket on every address stands one that no program uses, and the host need not have any of them.
//
// It is done without SO_REUSEPORT: with it, one socket of the address that shares the port may be all that the kernel asks
// (fastreuseport of struct inet_bind_bucket).
func probe(f *Finding, candidates []sockdiag.Socket, t *tables) []sockdiag.Socket {
	shares := map[netip.Addr]bool{}
	for _, s := range candidates {
		a := s.Local.Addr()
		_, done := shares[a]
		if done || len(shares) == maxProbed || a == f.Endpoint.Addr && !a.IsUnspecified() ||
			Assess(f.Trial.Claim, s, t.flagsOf(s)) == sockdiag.Yes {
			continue
		}
		e := f.Endpoint
		e.Addr, e.ReusePort, e.FreeBind = a, false, true
		if a.IsUnspecified() {
			e.Addr = unused(a.Is4())
		}
		trial := Try(e)
		trial.Close()
		shares[a] = trial.Verdict == Free
	}
	return slices.DeleteFunc(candidates, func(s sockdiag.Socket) bool { return shares[s.Local.Addr()] })
}
