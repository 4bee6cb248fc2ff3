package wrapper

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/wrapper/decide"
)

// starting is a server that has bound its port, and has not called listen() yet.
var starting = holders.Spec{
	Options: holders.Options{Protocol: unix.IPPROTO_TCP, Addr: loopback},
	State:   holders.Bound, Origin: holders.Named,
}

// It keeps its port, whichever rung has met it.
func TestAStartingServerKeepsItsPort(t *testing.T) {
	rig := holders.New(t)
	for i, p := range []decide.Policy{{Share: true}, {Close: true}, {Kill: true, Grace: time.Second}, {Share: true, DryRun: true}} {
		t.Run(fmt.Sprintf("%+v", p), func(t *testing.T) {
			port := uint16(21120 + i)
			server := victims(t, rig.Hold(t, port, starting), nil, listens)[0]
			g := New(p, nil)
			defer g.Close()
			g.patience = patience{idle: 10 * time.Second, look: 10 * time.Millisecond}
			soon := time.AfterFunc(300*time.Millisecond, func() { _ = server.cmd.Process.Signal(unix.SIGUSR1) })
			defer soon.Stop()
			r, err := g.Run(t.Context(), []netdiag.Endpoint{tcp(port)})
			defer r.Release()
			if err != nil {
				t.Fatal(err)
			}
			got := resultsOf(r)[0]
			if got.Verdict != "taken" || len(got.Actions) != 1 || !strings.Contains(got.Actions[0], "not-possible: ") || !strings.Contains(got.Actions[0], "listening") {
				t.Errorf("got %+v", got)
			}
			if diff := cmp.Diff([]string{"SIGUSR1"}, server.signals(t)); diff != "" {
				t.Errorf("what the server got, and says (-want +got)\n%s", diff)
			}
			reuse := starting.Options
			reuse.ReuseAddr = true
			if fd, err := reuse.Bind(port); err == nil {
				unix.Close(fd)
				t.Error("another service can bind beside the server")
			}
		})
	}
}

// How long that may be hangs on how long it has been seen, and on how old its process is.
func TestWhoMayBeAboutToListen(t *testing.T) {
	rig := holders.New(t)
	const port = 21130
	victims(t, rig.Hold(t, port, starting), nil, obeys)
	g := New(decide.Policy{Share: true}, nil)
	defer g.Close()
	r := g.Try([]netdiag.Endpoint{tcp(port)})
	defer r.Release()
	g.explain(t.Context(), r)
	h := &r.Outcomes[0].Holders[0]
	targets := []target{{&r.Outcomes[0], []*netdiag.Holder{h}}}
	start := h.Owners[0].Started
	g.patience = patience{idle: 2 * time.Second, starts: 5 * time.Second}
	for _, tt := range []struct {
		after, want time.Duration // since its process was started
	}{
		{time.Second, 4 * time.Second},
		{4 * time.Second, time.Second},
		{5 * time.Second, 0},
	} {
		if got := g.mayListen(decide.Judge{}, targets, start.Add(tt.after)); got != tt.want {
			t.Errorf("after %v: for %v, want %v", tt.after, got, tt.want)
		}
	}
	g.idle = map[netdiag.SocketID]time.Time{}
	if got := g.mayListen(decide.Judge{}, targets, start.Add(time.Hour)); got != 2*time.Second {
		t.Errorf("an old process's, at the first look: for %v, want 2s", got)
	}
	if got := g.mayListen(decide.Judge{Program: h.Owners[0].Program}, targets, start); got != 0 {
		t.Errorf("another portguard's placeholder: for %v, want 0", got)
	}
}
