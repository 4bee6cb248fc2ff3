package hold

import (
	"fmt"
	"net/netip"
	"strings"

	"portguard/netdiag"
	"portguard/netdiag/pidfd"
	"portguard/systemd"
)

// storePrefix begins the names of our descriptors in a unit's fd store.
const storePrefix = "portguard-"

// Stored are the placeholders that systemd kept for the unit since its last start.
type Stored struct {
	pid     int
	passed  []systemd.Passed // all that the manager passed, ours and the service's
	manager *systemd.Mailbox
	room    int // how many descriptors of the store are ours to use
}

// TakeStored finds what the manager passed to this process.
func TakeStored(environ []string, pid int) *Stored {
	return &Stored{pid: pid, passed: systemd.ListenFDs(environ, pid), manager: systemd.NotifySocket(environ)}
}

// FDs are the placeholders among what the manager passed.
func (s *Stored) FDs() []int {
	var some []int
	for _, p := range s.passed {
		if ours(p) {
			some = append(some, p.FD)
		}
	}
	return some
}

func ours(p systemd.Passed) bool { return strings.HasPrefix(p.Name, storePrefix) }

// storeName is a descriptor's name in the store, which may have no colon: the port's, with the address of the one endpoint
// that it is for.
func (p *Placeholder) storeName() string {
	name := storePrefix + p.port().Protocol.String() + "-"
	if e := p.Endpoints[0]; len(p.Endpoints) == 1 && !e.EveryAddress() {
		name += e.Addr.String() + "-"
	}
	if e := p.Endpoints[0]; len(p.Endpoints) == 1 && e.Device != "" {
		name += e.Device + "-"
	}
	return strings.ReplaceAll(fmt.Sprintf("%s%d", name, p.port().Number), ":", "_")
}

// Store has systemd hold the ports of endpoints that are all free over the service's restarts: what it has not
// got yet is put into the store, and what is there for no endpoint any more is taken out. The service itself gets none of
// it. The placeholders returned are for telling; their descriptors are closed.
func (s *Stored) Store(free []*netdiag.Finding) (Placeholders, error) {
	all := make(Placeholders, 0, len(free))
	wanted := map[string]bool{}
	s.room = 0
	for _, f := range free {
		if f.Endpoint.Protocol == netdiag.TCP {
			s.room++ // as "unit install" makes room
		}
	}
	binder := netdiag.NewBinder()
	for _, port := range byPort(free) {
		from := len(all)
		all = holdPort(binder, all, port)
		for i := from; i < len(all); i++ {
			p := &all[i]
			if p.FD < 0 {
				continue
			}
			name := p.storeName()
			wanted[name] = true
			if err := s.put(name, *p); err != nil {
				all.Close()
				return all, err
			}
			p.drop() // the manager has it, or the message that is on its way
		}
	}
	for _, p := range s.passed {
		if ours(p) && !wanted[p.Name] {
			if err := s.manager.Unstore(p.Name); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// put stores a placeholder unless the same is there already. One that is bound to something else, since the flags have
// changed, is replaced.
func (s *Stored) put(name string, p Placeholder) error {
	for _, old := range s.passed {
		if old.Name != name {
			continue
		}
		if at, err := pidfd.LocalAddr(old.FD); err == nil && at == netip.AddrPortFrom(p.Where, p.port().Number) {
			return nil
		}
		if err := s.manager.Unstore(name); err != nil {
			return err
		}
		break
	}
	return s.manager.Store(name, p.FD)
}

// Renumber closes our descriptors among those that the manager passed, and gives the service's own the numbers from 3 on, where
// it looks for them. It cannot be undone: it comes right before the exec. After an error some have new numbers and some have not,
// so that no service may be started that would count them.
func (s *Stored) Renumber() error { return systemd.Renumber(s.passed, s.services()) }

// Environ is the environment as the service would have it without us: without our descriptors, and without the room in the
// unit's store that was made for them, whether the store could be used or not.
func (s *Stored) Environ(environ []string) []string {
	return systemd.WithoutFDs(environ, s.pid, s.services(), s.room)
}

// services are the descriptors that the manager passed for the service itself.
func (s *Stored) services() []systemd.Passed {
	var some []systemd.Passed
	for _, p := range s.passed {
		if !ours(p) {
			some = append(some, p)
		}
	}
	return some
}
