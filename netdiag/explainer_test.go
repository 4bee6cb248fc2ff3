package netdiag_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"portguard/netdiag"
	"portguard/netdiag/nstest"
)

// explainerEnv makes this binary an explainer instead of running tests.
const explainerEnv = "PORTGUARD_NETDIAG_TEST_EXPLAINER"

// explainer is a process of another user that tries endpoints and explains them: /proc shows an ordinary user only what
// his whole process may see, whatever one of its threads is.
type explainer struct {
	questions *json.Encoder
	answers   *json.Decoder
}

type explained struct {
	Finding netdiag.Finding
	Err     string
}

// explainerAs starts one that runs until the test ends. It needs root.
func explainerAs(t *testing.T, uid uint32) explainer {
	t.Helper()
	nstest.Root(t)
	cmd := exec.Command("/proc/self/exe") // the binary's own directory is closed to other users
	cmd.Env = append(os.Environ(), explainerEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	cmd.Stderr = os.Stderr
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
			t.Errorf("explainer: %v", err)
		}
	})
	return explainer{json.NewEncoder(stdin), json.NewDecoder(stdout)}
}

func (x explainer) ask(t *testing.T, e netdiag.Endpoint) netdiag.Finding {
	t.Helper()
	var a explained
	if err := errors.Join(x.questions.Encode(e), x.answers.Decode(&a)); err != nil {
		t.Fatalf("explainer: %v", err)
	}
	if a.Err != "" {
		t.Fatalf("explain %s: %s", e, a.Err)
	}
	return a.Finding
}

// answerEndpoints is the explainer's side.
func answerEndpoints(questions io.Reader, answers io.Writer) {
	in, out := json.NewDecoder(questions), json.NewEncoder(answers)
	for {
		var e netdiag.Endpoint
		if in.Decode(&e) != nil {
			return
		}
		f, err := tryAndExplain(e)
		a := explained{Finding: f}
		if err != nil {
			a.Err = err.Error()
		}
		if out.Encode(a) != nil {
			return
		}
	}
}

// tryAndExplain leaves nothing open.
func tryAndExplain(e netdiag.Endpoint) (netdiag.Finding, error) {
	p := netdiag.NewProber()
	defer p.Close()
	f := netdiag.Finding{Endpoint: e, Trial: netdiag.Try(e)}
	err := p.Explain(context.Background(), []*netdiag.Finding{&f})
	f.Trial.Close()
	return f, err
}
