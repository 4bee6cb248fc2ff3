package netdiag_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/netdiag/sockdiag"
)

var (
	randomN    = flag.Int("random.n", 400, "number of situations that TestRandomSituations makes up")
	randomSeed = flag.Uint64("random.seed", 0, "seed of the first, 0 for a new one every time")
)

// Random sockets share a port, a random service wants it. The kernel is the judge of all that is said: of the verdict, by
// a bind() and listen() with the service's own options; of the holders named, by closing all sockets one by one, in any
// order. The port is free when the last of those named is gone, and others make no difference.
func TestRandomSituations(t *testing.T) {
	verdicts, uncertain := map[netdiag.Verdict]int{}, 0
	forRandomSituations(t, *randomN, func(s *situation) {
		f, err := tryAndExplain(s.service)
		if err != nil {
			t.Fatal(err)
		}
		verdicts[f.Trial.Verdict]++
		uncertain += s.check(t, f, asRoot)
	})
	t.Logf("verdicts %v, %d holders not certain", verdicts, uncertain)
}

// The same as an ordinary user sees it, who may not ask the sockets: less is certain, and nothing is false.
func TestRandomSituationsAsAnOrdinaryUser(t *testing.T) {
	x := explainerAs(t, nobody)
	if !listsBound(t) {
		t.Log("on this kernel: a socket that is bound and idle is in no table (Linux 6.8): those of others are not found, and it is said that there may be some")
	}
	forRandomSituations(t, *randomN/3, func(s *situation) {
		s.options.UID = nobody
		s.check(t, x.ask(t, s.service), asNobody)
	})
}

// forRandomSituations has each looked at, then takes it apart. The first that goes wrong ends the test.
func forRandomSituations(t *testing.T, n int, look func(*situation)) {
	t.Helper()
	first := *randomSeed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	l := newLab(t)
	nstest.Device(t, elsewhere, "10.97.0.1/24")
	diag, err := sockdiag.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer diag.Close()
	l.lacks = lacksOf(t, l)
	seed, s := first, (*situation)(nil)
	t.Cleanup(func() { // wherever it was that the test has ended
		if t.Failed() {
			t.Logf("-random.seed %d -random.n 1: %s", seed, s)
		}
	})
	for ; seed < first+uint64(n); seed++ {
		l.next()
		s = nil
		r := rand.New(rand.NewPCG(seed, 0))
		s = imagine(t, r, l, diag)
		look(s)
		s.empty(t, r, diag)
		if t.Failed() {
			t.FailNow()
		}
	}
}

type view uint8

const (
	asRoot view = iota
	asNobody
)

// check compares what was found with the kernel's verdict and with the rule. It returns how many holders were uncertain.
func (s *situation) check(t *testing.T, f netdiag.Finding, who view) (uncertain int) {
	t.Helper()
	// Of UDP sockets an ordinary user cannot tell which share the port, and nobody the order of those of two families: then
	// taken means perhaps.
	perhaps := s.service.Protocol == netdiag.UDP && (who == asNobody || s.someShare() && allUncertain(f))
	kernel := s.serve(t)
	switch {
	case f.Trial.Verdict == netdiag.Free && kernel == nil:
	case f.Trial.Verdict == netdiag.Taken && errors.Is(kernel, unix.EADDRINUSE):
	case f.Trial.Verdict == netdiag.Taken && kernel == nil && perhaps:
	default:
		t.Errorf("the verdict is %s (%v), the kernel says: %v", f.Trial.Verdict, f.Trial.Errno, kernel)
	}
	byCookie := map[uint64]*actor{}
	for _, a := range s.actors {
		if a.socket.Cookie != 0 {
			byCookie[a.socket.Cookie] = a
		}
	}
	for _, h := range f.Holders {
		a := byCookie[h.Socket.Cookie]
		switch {
		case a == nil:
			t.Errorf("named is a stranger: %s", line(h))
			continue
		case h.Certain && !s.conflicts(a):
			t.Errorf("certain, though it does not conflict: %s", line(h))
		case !h.Certain && who == asRoot && h.Socket.Inode != 0 && !perhaps:
			t.Errorf("uncertain, though it could be asked: %s", line(h))
		}
		if !h.Certain {
			uncertain++
		}
		delete(byCookie, h.Socket.Cookie)
	}
	if f.Trial.Verdict == netdiag.Taken {
		for _, a := range byCookie {
			if s.conflicts(a) && !s.unseen(a, f, who) {
				t.Errorf("not named: %s", a)
			}
		}
	}
	return uncertain
}

// unseen: the kernel's tables leave the actor out, and it is said that there may be more. Root finds it all the same, unless
// its connection has ended and it shares its address: then nothing tells that it still has the port.
func (s *situation) unseen(a *actor, f netdiag.Finding, who view) bool {
	return s.lacks.bound && a.bound() && f.Partial && (who == asNobody || a.State == holders.Reset)
}

func allUncertain(f netdiag.Finding) bool {
	return !slices.ContainsFunc(f.Holders, func(h netdiag.Holder) bool { return h.Certain })
}

// empty takes the sockets away in an order of its own, and watches the port: it is taken until the last that conflicts has
// gone, and free from then on, whichever of the others are still there.
func (s *situation) empty(t *testing.T, r *rand.Rand, diag *sockdiag.Conn) {
	t.Helper()
	left, first := 0, s.serve(t)
	for _, a := range s.actors {
		if s.conflicts(a) {
			left++
		}
	}
	r.Shuffle(len(s.actors), func(i, j int) { s.actors[i], s.actors[j] = s.actors[j], s.actors[i] })
	anyOrder := !s.someShare() || s.service.Protocol == netdiag.TCP && first != nil
	for i, a := range s.actors {
		if err := s.serve(t); anyOrder && (err != nil) != (left > 0) {
			t.Errorf("%v with %d in the way, after these left: %s", err, left, s.actors[:i])
		}
		if s.conflicts(a) {
			left--
		}
		a.remove(t, diag)
	}
	if err := s.serve(t); err != nil {
		t.Errorf("when all have gone: %v", err)
	}
}

func (a *actor) remove(t *testing.T, diag *sockdiag.Conn) {
	t.Helper()
	if a.FD < 0 {
		err := diag.Destroy(context.Background(), a.socket)
		if errors.Is(err, sockdiag.ErrUnsupported) {
			t.Skipf("this kernel cannot destroy what remains of a connection: %v", err)
		}
		if err != nil {
			t.Error(err)
		}
	}
	if err := errors.Join(a.Close(), a.closeServer()); err != nil {
		t.Error(err)
	}
}

func (s *situation) String() string {
	if s == nil {
		return "not made up yet"
	}
	parts := []string{fmt.Sprintf("service: %s %+v", s.service, s.service.Options)}
	for _, a := range s.actors {
		parts = append(parts, a.String())
	}
	return strings.Join(parts, "\n")
}
