package wrapper

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"regexp"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/wrapper/decide"
)

// job is what a guarding process does.
type job struct {
	Policy decide.Policy
	Ports  []uint16
}

const jobEnv = "PORTGUARD_WRAPPER_TEST_JOB"

func (j job) env(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	return jobEnv + "=" + string(text)
}

// guardAsTold says "waiting" when it begins to wait, and then what became of the endpoints.
func guardAsTold() int { return guardTo(os.Stdout) }

func guardTo(out io.Writer) int {
	var j job
	if err := json.Unmarshal([]byte(os.Getenv(jobEnv)), &j); err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	endpoints := make([]netdiag.Endpoint, len(j.Ports))
	for i, port := range j.Ports {
		endpoints[i] = tcp(port)
	}
	g := hasty(New(j.Policy, &sayer{}))
	defer g.Close()
	r, err := g.Run(context.Background(), endpoints)
	if err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	defer r.Release()
	if err := json.NewEncoder(out).Encode(resultsOf(r)); err != nil {
		return 1
	}
	return 0
}

// sayer says that a wait has begun.
type sayer struct{ said bool }

func (s *sayer) Waiting(Waiting) {
	if !s.said {
		fmt.Println("waiting")
	}
	s.said = true
}

func (*sayer) Acted(*Outcome, Action) {}

// result is what became of an endpoint, in a form that is the same each time.
type result struct {
	Verdict  string
	By       string
	TimedOut bool
	Actions  []string // with N for each number of a process, and PEER for an end that the kernel numbered
}

var (
	pid  = regexp.MustCompile(`\bpid \d+`)
	peer = regexp.MustCompile(`-> 127\.0\.0\.1:\d+`)
)

func resultsOf(r *Report) []result {
	all := make([]result, len(r.Outcomes))
	for i, o := range r.Outcomes {
		all[i] = result{Verdict: o.Trial.Verdict.String(), By: o.By.String(), TimedOut: o.TimedOut}
		for _, a := range o.Actions {
			text := fmt.Sprintf("%s %s: %s", a.Rung, a.Result, peer.ReplaceAllString(pid.ReplaceAllString(a.Detail, "pid N"), "-> PEER"))
			all[i].Actions = append(all[i].Actions, text)
		}
	}
	return all
}

// run is a Guard's run in the test's own process.
func run(t *testing.T, p decide.Policy, endpoints ...netdiag.Endpoint) []result {
	t.Helper()
	g := hasty(New(p, nil))
	defer g.Close()
	r, err := g.Run(t.Context(), endpoints)
	defer r.Release()
	if err != nil {
		t.Fatal(err)
	}
	return resultsOf(r)
}

func tcp(port uint16) netdiag.Endpoint { return netdiag.Endpoint{Protocol: netdiag.TCP, Port: port} }

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// pooled is a connection of a pool: the kernel picked its port.
var pooled = holders.Spec{
	Options: holders.Options{Protocol: unix.IPPROTO_TCP, Addr: loopback},
	State:   holders.Established, Origin: holders.Picked,
}

// listening is another service. As most do, it sets SO_REUSEADDR.
var listening = holders.Spec{
	Options: holders.Options{Protocol: unix.IPPROTO_TCP, Addr: loopback, ReuseAddr: true},
	State:   holders.Listen, Origin: holders.Named,
}

// checkBindable makes sure that nothing at all is left on the port: a service without SO_REUSEADDR could start.
func checkBindable(t *testing.T, port uint16) {
	t.Helper()
	fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: netip.IPv6Unspecified()}.Bind(port)
	if err != nil {
		t.Errorf("a service without SO_REUSEADDR: %v", err)
		return
	}
	unix.Close(fd)
}

// hasty is a guard that does not put a test off for the seconds in which a process that has just been started, as all of a test
// are, may be a server that is about to listen.
func hasty(g *Guard) *Guard {
	g.patience = patience{idle: time.Millisecond, look: time.Millisecond}
	return g
}
