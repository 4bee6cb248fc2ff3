package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/internal/needs"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// ssh's forwards go on with IPv6 alone when a client has their port in IPv4, -R without a word, and ExitOnForwardFailure= does not end
// them. Only ready tells, and behind --share they are whole.
func TestReadyTellsForwardsByHalf(t *testing.T) {
	nstest.Root(t) // for sshd
	ssh := forwarder(t, "26650")
	forms := []struct {
		name, flag  string // %d is the port
		free, taken int
		listener    string // who has the port
	}{
		{"-L", "-L%d:127.0.0.1:9", 26651, 26652, "ssh"},
		{"-L, every address", "-L*:%d:127.0.0.1:9", 26653, 26654, "ssh"},
		{"-D", "-D%d", 26655, 26656, "ssh"},
		{"-R", "-R%d:127.0.0.1:9", 26657, 26658, "sshd"},
	}
	var all []string
	keepers := map[int]*actor{}
	for _, f := range forms {
		keepers[f.taken] = keep(t, holders.New(t).Hold(t, uint16(f.taken), pooled(loopback4)), "keeper")
		all = append(all, fmt.Sprintf(f.flag, f.free), fmt.Sprintf(f.flag, f.taken))
	}
	launch(t, ssh(all...)...).expect(t, "up")
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			free, taken := fmt.Sprint(f.free), fmt.Sprint(f.taken)
			if status, said, _ := asks(t, "-p", free); status != 0 {
				t.Errorf("nobody else has its port: status %d\n%s", status, said)
			}
			status, said, _ := asks(t, "-p", taken)
			if status != cli.ExitUnavailable {
				t.Errorf("a client has it in IPv4: status %d", status)
			}
			for _, want := range []string{taken + "/tcp is up by half: " + f.listener + " (pid ", "is deaf on IPv4", fmt.Sprintf("holder  keeper (pid %d, ", keepers[f.taken].pid())} {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, said)
				}
			}
		})
	}
	t.Run("--share", func(t *testing.T) {
		keep(t, holders.New(t).Hold(t, 26659, pooled(loopback4)), "keeper")
		launch(t, append([]string{binary(t), "--share", "-p", "26659", "--"}, ssh("-L26659:127.0.0.1:9")...)...).expect(t, "up")
		if status, said, _ := asks(t, "-p", "26659"); status != 0 {
			t.Errorf("status %d\n%s", status, said)
		}
	})
}

// forwarder starts an sshd, and returns how ssh is run with flags there: it says "up" when its forwards are made, if one of their addresses
// could be bound, and ends with its stdin.
func forwarder(t *testing.T, port string) func(flags ...string) []string {
	t.Helper()
	sshd, ssh := needs.Program(t, "sshd", "openssh-server"), needs.Program(t, "ssh", "openssh-client")
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if out, err := exec.Command(needs.Program(t, "ssh-keygen", "openssh-client"), "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	conf := filepath.Join(dir, "sshd.conf")
	text := strings.Join([]string{"Port " + port, "ListenAddress 127.0.0.1", "HostKey " + key, "AuthorizedKeysFile " + key + ".pub", "StrictModes no", "UsePAM no", "PidFile none", ""}, "\n")
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// It wants a directory that its package's start makes.
	launch(t, "unshare", "--mount", "sh", "-c", "mount -t tmpfs none /run && mkdir /run/sshd && exec "+sshd+" -D -e -f "+conf)
	eventually(t, 20*time.Second, "sshd listens", func() bool { return dials("127.0.0.1:" + port) })
	common := []string{ssh, "-F", "none", "-p", port, "-i", key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "ExitOnForwardFailure=yes"}
	return func(flags ...string) []string {
		return slices.Concat(common, flags, []string{"127.0.0.1", "echo up; exec cat"})
	}
}
