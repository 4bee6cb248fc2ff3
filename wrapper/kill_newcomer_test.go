package wrapper

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/netdiag/pidfd"
	"portguard/wrapper/decide"
)

// A program whose sockets its children inherit starts one more while it is asked to end. The child is a holder like its parent:
// else the parent would have been ended for nothing.
func TestKillEndsWhoInheritsTheSocketMeanwhile(t *testing.T) {
	const port = 22260
	h := holders.New(t).Hold(t, port, pooled)
	file := os.NewFile(uintptr(h.FD), "holder")
	h.FD = -1
	cmd := exec.Command("sh", "-c", "trap 'sleep 307 & exit' TERM; echo up; while :; do sleep 0.05; done")
	cmd.ExtraFiles = []*os.File{file}
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	file.Close()
	if err == nil {
		_, err = out.Read(make([]byte, 8))
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }) // nobody is left, as a rule
	got := run(t, decide.Policy{Kill: true, Grace: 10 * time.Second}, tcp(port))[0]
	last := got.Actions[len(got.Actions)-1]
	if got.Verdict != "free" || !strings.Contains(last, "(sleep), which has ended") {
		t.Errorf("%+v", got)
	}
	<-ended
}

// Where somebody whom --only does not allow has got the socket meanwhile, the port would stay taken: nobody is signalled.
func TestKillSparesAllWhereSomebodyElseHasGotTheSocket(t *testing.T) {
	nstest.Root(t)
	const port, alice = 22261, 64001
	hers := victims(t, holders.New(t).Hold(t, port, pooled), as(alice), obeys)[0]
	g := hasty(New(decide.Policy{Kill: true, Grace: time.Second, Only: decide.Only{Users: []string{"64001"}}}, nil))
	defer g.Close()
	r := g.Try([]netdiag.Endpoint{tcp(port)})
	defer r.Release()
	all := g.victims(t.Context(), g.targets(t.Context(), decide.Kill, r))
	if len(all) != 1 {
		t.Fatalf("%d victims", len(all))
	}
	defer all[0].close()
	fd, err := pidfd.GetFD(hers.cmd.Process.Pid, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "holder")
	startAll(t, file, as(0), []string{obeys})
	file.Close()
	g.signalAll(t.Context(), r.Judge, all, unix.SIGTERM)
	if len(all[0].sent) > 0 || all[0].err == nil || !strings.Contains(all[0].err.Error(), "has it as well by now: ") {
		t.Errorf("sent %v, %v", all[0].sent, all[0].err)
	}
}
