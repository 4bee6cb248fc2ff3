package netdiag_test

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// lab is where endpoints meet real holders: on 10.99.0.1, 10.99.0.2, fd99::1, fd99::2 and loopback, on one port after
// another. This one and the next 49 are fresh, without so much as a TIME_WAIT, and below ip_local_port_range: nothing is handed them.
type lab struct {
	rig  *holders.Rig
	port uint16
	// lacks is what random situations have to do without; others do not ask.
	lacks lacks
}

func newLab(t *testing.T) *lab {
	t.Helper()
	for _, cidr := range []string{"10.99.0.1/32", "10.99.0.2/32", "fd99::1/128", "fd99::2/128"} {
		nstest.Addr(t, cidr)
	}
	l := &lab{rig: holders.New(t), port: 2000}
	for block := l.port; l.port-block < 50; {
		if l.port++; !fresh(l.port) {
			block = l.port
		}
		if l.port > 32000 {
			t.Fatal("no 50 fresh ports in a row")
		}
	}
	l.port -= 49
	return l
}

func fresh(port uint16) bool {
	fd, err := options("::").Bind(port)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

// hold makes holders on the next port, until the test ends.
func (l *lab) hold(t *testing.T, specs ...holders.Spec) []*holders.Holder {
	t.Helper()
	l.port++
	var made []*holders.Holder
	for _, s := range specs {
		made = append(made, l.rig.Hold(t, l.port, s))
	}
	return made
}

// spec is a holder; see options for the text.
func spec(state holders.State, origin holders.Origin, text string) holders.Spec {
	return holders.Spec{Options: options(text), State: state, Origin: origin}
}

// options reads "[udp] ADDRESS [v6only] [reuseaddr] [reuseport] [freebind] [dev NAME]". Any other word is a slip of the test.
func options(text string) holders.Options {
	words := strings.Fields(text)
	o := holders.Options{Protocol: unix.IPPROTO_TCP}
	if words[0] == "udp" {
		o.Protocol, words = unix.IPPROTO_UDP, words[1:]
	}
	o.Addr = netip.MustParseAddr(words[0])
	for words = words[1:]; len(words) > 0; words = words[1:] {
		switch {
		case words[0] == "v6only":
			o.V6Only = true
		case words[0] == "reuseaddr":
			o.ReuseAddr = true
		case words[0] == "reuseport":
			o.ReusePort = true
		case words[0] == "freebind":
			o.FreeBind = true
		case words[0] == "dev" && len(words) > 1:
			o.Device, words = words[1], words[1:]
		default:
			panic(fmt.Sprintf("%q: what is %q?", text, words[0]))
		}
	}
	return o
}

// service reads "[udp] ADDRESS [v6only] [reuseaddr|noreuseaddr] [reuseport] [freebind] [dev NAME]", where the address may be * for every one.
func service(text string, port uint16) netdiag.Endpoint {
	words := strings.Fields(strings.ReplaceAll(text, "*", "::"))
	all := len(words)
	words = slices.DeleteFunc(words, func(w string) bool { return w == "noreuseaddr" })
	o := options(strings.Join(words, " "))
	e := netdiag.Endpoint{Protocol: netdiag.Protocol(o.Protocol), Port: port}
	if !strings.Contains(text, "*") {
		e.Addr = o.Addr
	}
	e.V6Only, e.ReusePort, e.FreeBind, e.Device = o.V6Only, o.ReusePort, o.FreeBind, o.Device
	switch no := len(words) < all; {
	case no && o.ReuseAddr:
		panic(fmt.Sprintf("%q is no service", text))
	case no:
		e.ReuseAddr = netdiag.ReuseNo
	case o.ReuseAddr:
		e.ReuseAddr = netdiag.ReuseYes
	}
	return e
}

// A slip in a situation must not make it another one, in which the test cannot fail.
func TestSituationsTakeNoUnknownWords(t *testing.T) {
	for _, text := range []string{"* v6onyl", "* reuse-addr", "10.99.0.1 udp", "* dev", "* reuseaddr noreuseaddr"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is taken for a service", text)
				}
			}()
			service(text, 80)
		}()
	}
}

// explain is the verdict on a service and the holders in its way, each in a line, as told by a user who may see all.
func explain(t *testing.T, e netdiag.Endpoint) []string {
	t.Helper()
	f, err := tryAndExplain(e)
	if err != nil {
		t.Fatal(err)
	}
	return lines(f)
}

func lines(f netdiag.Finding) []string {
	all := []string{f.Trial.Verdict.String()}
	for _, h := range f.Holders {
		all = append(all, line(h))
	}
	return all
}

// line is "KIND STATE ADDRESS OWNER[, perhaps]".
func line(h netdiag.Holder) string {
	s := fmt.Sprintf("%s %s %s %s", h.Kind, h.Socket.State, h.Socket.Local.Addr(), ownedBy(h))
	if !h.Certain {
		s += ", perhaps"
	}
	return s
}

func ownedBy(h netdiag.Holder) string {
	var pids []string
	for _, o := range h.Owners {
		if o.PID == os.Getpid() {
			pids = append(pids, "mine")
		} else {
			pids = append(pids, o.Command)
		}
	}
	if h.Absence != netdiag.Shown {
		pids = append(pids, absences[h.Absence])
	}
	return strings.Join(pids, "+")
}

var absences = map[netdiag.Absence]string{
	netdiag.Ownerless:         "ownerless",
	netdiag.NotAccepted:       "not-accepted",
	netdiag.OfKernel:          "of-kernel",
	netdiag.InRing:            "in-ring",
	netdiag.MayBeInRing:       "may-be-in-ring",
	netdiag.OfSMC:             "of-smc",
	netdiag.InFlight:          "in-flight",
	netdiag.StaleSubflow:      "stale-subflow",
	netdiag.NotPermitted:      "not-permitted",
	netdiag.Vetoed:            "vetoed",
	netdiag.Hidden:            "hidden",
	netdiag.OtherPIDNamespace: "other-pid-namespace",
	netdiag.NoProc:            "no-proc",
	netdiag.Unsearched:        "unsearched",
	netdiag.Gone:              "gone",
}
