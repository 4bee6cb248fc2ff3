package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag/holders"
)

// TestScript runs testdata/script/*.txtar: the command line as people type it, a behaviour a file. What the scripts have
// beyond testscript's own commands:
//
//	exits CODE COMMAND [ARG]...   run a command that ends with this exit status
//	holds PORT KIND               let another process have a TCP port of 127.0.0.1, until the script ends; sets $PID
//	document FILE                 the file (or stdout, stderr) is exactly one JSON document, and obeys the schema
//	[otheruser]                   the test can run commands as another user, by setpriv
func TestScript(t *testing.T) {
	setRange(t, 32768, 60999) // what the scripts show is about the kernel's own
	rig := holders.New(t)
	testscript.RunT(inTurn{t}, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(binary(t))+":"+env.Getenv("PATH"))
			env.Values[testOf{}] = env.T().(inTurn).T
			return nil
		},
		Condition: func(string) (bool, error) {
			return exec.Command("setpriv", "--reuid", "65534", "--clear-groups", "true").Run() == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"holds":    func(ts *testscript.TestScript, _ bool, args []string) { holds(ts, rig, args) },
			"document": isDocument,
		},
	})
}

// inTurn keeps the scripts from running at once: while one of them has the kernel pick a port for a holder, there is no
// other to be had in the namespace.
type inTurn struct{ *testing.T }

func (inTurn) Parallel()     {}
func (inTurn) Verbose() bool { return testing.Verbose() }
func (t inTurn) Run(name string, f func(testscript.T)) {
	t.T.Run(name, func(t *testing.T) { f(inTurn{t}) })
}

// testOf is the key of a script's test.
type testOf struct{}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG]...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// scriptHolders are the kinds that holds knows.
func scriptHolders() map[string]holders.Spec {
	bound := tcpSpec(loopback4, holders.Bound, holders.Named)
	listener := tcpSpec(loopback4, holders.Listen, holders.Named)
	bound.ReuseAddr, listener.ReuseAddr = false, true
	return map[string]holders.Spec{
		"client":    pooled(loopback4),
		"bound":     bound,
		"listener":  listener,
		"TIME_WAIT": tcpSpec(loopback4, holders.TimeWait, holders.Picked),
	}
}

func holds(ts *testscript.TestScript, rig *holders.Rig, args []string) {
	kinds := scriptHolders()
	if len(args) != 2 {
		ts.Fatalf("usage: holds PORT KIND")
	}
	spec, ok := kinds[args[1]]
	if !ok {
		ts.Fatalf("holds knows no %q, but %v", args[1], slices.Sorted(maps.Keys(kinds)))
	}
	port, err := strconv.ParseUint(args[0], 10, 16)
	ts.Check(err)
	t := ts.Value(testOf{}).(*testing.T)
	h := rig.Hold(t, uint16(port), spec)
	if h.FD < 0 {
		return // nobody has it any more
	}
	ts.Setenv("PID", strconv.Itoa(keep(t, h, "keeper").pid()))
}

func isDocument(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: document FILE")
	}
	ts.Check(obeys("report", []byte(ts.ReadFile(args[0]))))
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	d.DisallowUnknownFields()
	var doc report.JSONReport
	ts.Check(d.Decode(&doc))
	if err := d.Decode(&doc); err != io.EOF {
		ts.Fatalf("after the first document: %v, want the end", err)
	}
}
