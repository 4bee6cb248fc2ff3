package nat

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"portguard/netdiag/attr"
)

// ErrNotPermitted: the rules are for CAP_NET_ADMIN to read.
var ErrNotPermitted = errors.New("the firewall's rules take CAP_NET_ADMIN to read")

// Read reads the rules of the calling thread's network namespace. It takes CAP_NET_ADMIN, and loads no module of the kernel: where nftables
// is not there it has no rules.
func Read(ctx context.Context) (*Rules, error) {
	r := &Rules{chains: map[chainID]*chain{}, sets: map[setID]*set{}, Unread: legacyTables()}
	if !nftablesLoaded("/") {
		return r, nil
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			r.addresses = append(r.addresses, p.Addr().WithZone(""))
		}
	}
	s, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	defer context.AfterFunc(ctx, s.Close)()
	timeout := unix.NsecToTimeval(int64(3 * time.Second))
	if err := errors.Join(s.SetReceiveTimeout(&timeout), s.SetSendTimeout(&timeout)); err != nil {
		return nil, err
	}
	switch err := r.read(socket{s}); {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, unix.EPERM):
		return nil, ErrNotPermitted
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOENT):
		return r, nil // a kernel without nftables, or tables that have gone meanwhile
	case err != nil:
		return nil, os.NewSyscallError("netlink", err)
	}
	return r, nil
}

type socket struct{ *nl.NetlinkSocket }

// dump asks for all of a kind and calls f with each, and the family that it is of.
func (s socket) dump(message int, family uint8, filter []byte, f func(family uint8, attrs attr.Set) error) error {
	const attempts = 3
	var messages [][]byte
	err := error(nl.ErrDumpInterrupted)
	for i := 0; i < attempts && errors.Is(err, nl.ErrDumpInterrupted); i++ {
		req := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|message, unix.NLM_F_DUMP)
		req.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_NETFILTER: {Socket: s.NetlinkSocket}}
		req.AddRawData(append([]byte{family, unix.NFNETLINK_V0, 0, 0}, filter...))
		messages, err = req.Execute(unix.NETLINK_NETFILTER, 0)
	}
	if err != nil {
		return err
	}
	for _, m := range messages {
		if len(m) < nl.SizeofNfgenmsg {
			continue
		}
		attrs, err := attr.Parse(m[nl.SizeofNfgenmsg:])
		if err != nil {
			return err
		}
		if err := f(m[0], attrs); err != nil {
			return err
		}
	}
	return nil
}

// read reads chains and, where some of them do NAT, the rules of their tables and what these look up.
func (r *Rules) read(s socket) error {
	type tableID struct {
		family uint8
		name   string
	}
	tables := map[tableID]bool{} // with a chain that does NAT
	if err := s.dump(unix.NFT_MSG_GETCHAIN, unix.NFPROTO_UNSPEC, nil, func(family uint8, attrs attr.Set) error {
		c := &chain{hook: -1}
		table := attrs.Text(unix.NFTA_CHAIN_TABLE)
		if hook, ok := attrs.In(unix.NFTA_CHAIN_HOOK).Number(unix.NFTA_HOOK_HOOKNUM); ok && attrs.Text(unix.NFTA_CHAIN_TYPE) == "nat" {
			rank, _ := attrs.In(unix.NFTA_CHAIN_HOOK).Number(unix.NFTA_HOOK_PRIORITY)
			if c.hook, c.rank = int(hook), int32(rank); c.hook == hookPrerouting || c.hook == hookOutput {
				tables[tableID{family, table}] = true
			}
		}
		r.chains[chainID{family, table, attrs.Text(unix.NFTA_CHAIN_NAME)}] = c
		return nil
	}); err != nil {
		return err
	}
	r.enter()
	for t := range tables {
		if err := s.dump(unix.NFT_MSG_GETRULE, t.family, text(unix.NFTA_RULE_TABLE, t.name), func(family uint8, attrs attr.Set) error {
			if family != t.family || attrs.Text(unix.NFTA_RULE_TABLE) != t.name {
				return nil // a kernel that does not filter
			}
			return r.add(chainID{family, t.name, attrs.Text(unix.NFTA_RULE_CHAIN)}, attrs[unix.NFTA_RULE_EXPRESSIONS])
		}); err != nil {
			return err
		}
	}
	return r.readSets(s)
}

func text(kind int, value string) []byte {
	return nl.NewRtAttr(kind, nl.ZeroTerminated(value)).Serialize()
}

// add appends a rule to its chain, and notes what it looks up.
func (r *Rules) add(to chainID, expressions []byte) error {
	c := r.chains[to]
	if c == nil {
		return nil // it came between
	}
	var steps []expression
	err := attr.Each(expressions, func(_ uint16, value []byte) error {
		attrs, err := attr.Parse(value)
		if err != nil {
			return err
		}
		e := expression{attrs.Text(unix.NFTA_EXPR_NAME), attrs.In(unix.NFTA_EXPR_DATA)}
		if e.name == "lookup" {
			r.sets[setID{to.family, to.table, e.attrs.Text(unix.NFTA_LOOKUP_SET)}] = &set{}
		}
		steps = append(steps, e)
		return nil
	})
	c.rules = append(c.rules, rule{glanceAt(steps), steps})
	return err
}

func (r *Rules) readSets(s socket) error {
	for id, to := range r.sets {
		filter := append(text(unix.NFTA_SET_ELEM_LIST_TABLE, id.table), text(unix.NFTA_SET_ELEM_LIST_SET, id.name)...)
		err := s.dump(unix.NFT_MSG_GETSETELEM, id.family, filter, func(_ uint8, attrs attr.Set) error {
			return attr.Each(attrs[unix.NFTA_SET_ELEM_LIST_ELEMENTS], func(_ uint16, value []byte) error {
				e, err := parseElement(value)
				to.add(e)
				return err
			})
		})
		switch {
		case errors.Is(err, unix.ENOENT):
			delete(r.sets, id) // it has gone with its rule
		case err != nil:
			return err
		}
		to.sort()
	}
	return nil
}
