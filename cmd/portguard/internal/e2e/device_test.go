package e2e

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/nstest"
)

// Two DHCP servers, each on its interface, start in either order behind portguard.
func TestOneServerForEachInterface(t *testing.T) {
	portguard, optioned := binary(t), builds.build(t, "./testdata/unit/optioned")
	nstest.Device(t, "in0", "10.96.0.1/24")
	nstest.Device(t, "out0", "10.97.0.1/24")
	// up starts a server, and returns when it says that it is up.
	up := func(line ...string) {
		t.Helper()
		cmd := exec.Command(line[0], line[1:]...)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		first, err := bufio.NewReader(out).ReadString('\n')
		if err != nil && err != io.EOF || first != "up\n" {
			t.Fatalf("%q says %q, %v\n%s", line, first, err, said.String())
		}
	}
	server := func(device string) []string { return []string{optioned, "-device", device, "udp4", "0.0.0.0:67"} }
	up(server("in0")...)
	asked := func(status int, says string, args ...string) {
		t.Helper()
		cmd := exec.Command(portguard, args...)
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != status || !strings.Contains(string(out), says) {
			t.Errorf("%q: status %d, want %d and %q\n%s", args, got, status, says, out)
		}
	}
	asked(cli.ExitUnavailable, "  socket  0.0.0.0%in0:67  ", "-p", "67/udp")
	asked(cli.ExitUnavailable, "0.0.0.0%in0:67/udp is taken: binding 0.0.0.0%in0:67 fails", "-p", "0.0.0.0%in0:67/udp")
	asked(cli.ExitUnavailable, `"address":"*","device":"in0","port":67,"verdict":"taken"`, "--json", "-p", "*%in0:67/udp")
	asked(cli.ExitUnavailable, `"local":"0.0.0.0:67","device":"in0"`, "--json", "-p", "67/udp")
	asked(cli.ExitUnavailable, "this host does not have the interface none0 (yet)", "-p", "0.0.0.0%none0:67/udp")
	asked(cli.ExitTempFail, "this host does not have the interface none0 yet", "--wait", "50ms", "-p", "0.0.0.0%none0:67/udp")
	asked(cli.ExitOK, "0.0.0.0%out0:67/udp is free", "-p", "0.0.0.0%out0:67/udp")
	up(append([]string{portguard, "-p", "0.0.0.0%out0:67/udp", "--"}, server("out0")...)...)
}
