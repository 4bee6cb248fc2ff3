package netdiag_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

var (
	randomN    = flag.Int("random.n", 150, "number of situations that TestRandomSituations makes up")
	randomSeed = flag.Uint64("random.seed", 0, "seed of the first, 0 for a new one every time")
)

// Random sockets share a port, a random service wants it. The kernel is the judge of all that is said: of the verdict, by
// a bind() and listen() with the service's own options; of the holders named, by closing sockets one by one. The port is
// free when the last that conflicts is gone, and others make no difference.
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
	forRandomSituations(t, *randomN/3, func(s *situation) {
		s.service.ReusePort = false // the judge is of another user
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
	diag, err := sockdiag.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer diag.Close()
	t.Logf("first seed %d", first)
	for i := range n {
		seed := first + uint64(i)
		l.next()
		s := imagine(t, rand.New(rand.NewPCG(seed, 0)), l, diag)
		look(s)
		s.empty(t, diag)
		if t.Failed() {
			t.Fatalf("-random.seed %d: %s", seed, s)
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
	// Of UDP sockets an ordinary user cannot tell which share the port: then taken means perhaps.
	kernel := s.serve(t)
	switch {
	case f.Trial.Verdict == netdiag.Free && kernel == nil:
	case f.Trial.Verdict == netdiag.Taken && errors.Is(kernel, unix.EADDRINUSE):
	case f.Trial.Verdict == netdiag.Taken && kernel == nil && who == asNobody && s.service.Protocol == netdiag.UDP:
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
		case !h.Certain && who == asRoot && h.Socket.Inode != 0:
			t.Errorf("uncertain, though it could be asked: %s", line(h))
		}
		if !h.Certain {
			uncertain++
		}
		delete(byCookie, h.Socket.Cookie)
	}
	if f.Trial.Verdict == netdiag.Taken {
		for _, a := range byCookie {
			if s.conflicts(a) {
				t.Errorf("not named: %s", a)
			}
		}
	}
	return uncertain
}

// empty takes the sockets away, first those that do not conflict, and watches the port.
func (s *situation) empty(t *testing.T, diag *sockdiag.Conn) {
	t.Helper()
	var inTheWay []*actor
	for _, a := range s.actors {
		if s.conflicts(a) {
			inTheWay = append(inTheWay, a)
			continue
		}
		before := s.serve(t)
		a.remove(t, diag)
		if after := s.serve(t); (after == nil) != (before == nil) {
			t.Errorf("%v became %v when this one left, which does not conflict: %s", before, after, a)
		}
	}
	for _, a := range inTheWay {
		if err := s.serve(t); !errors.Is(err, unix.EADDRINUSE) {
			t.Errorf("%v before this one left: %s", err, a)
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
	parts := []string{fmt.Sprintf("service: %s %+v", s.service, s.service.Options)}
	for _, a := range s.actors {
		parts = append(parts, a.String())
	}
	return strings.Join(parts, "\n")
}
