package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"portguard/internal/needs"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// A plain build, which has the C library, asks no directory service for names either: one that has got stuck would hold every report up for
// minutes. The one here is where glibc asks first (nscd's socket), and hangs up on whoever comes.
func TestNoDirectoryServiceIsAsked(t *testing.T) {
	nstest.Root(t) // for the place of its socket
	needs.Program(t, "gcc", "gcc")
	dir := t.TempDir()
	plain := filepath.Join(dir, "portguard")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", plain, "portguard/cmd/portguard")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	service, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	asked := make(chan bool, 100)
	go func() {
		for {
			c, err := service.Accept()
			if err != nil {
				return
			}
			asked <- true
			_ = c.Close()
		}
	}()
	keep(t, holders.New(t).Hold(t, 26660, pooled(loopback4)), "keeper")
	run := func(argv ...string) string {
		cmd := exec.Command("unshare", append([]string{"--mount", "sh", "-c", `mount -t tmpfs none /run && mkdir /run/nscd && mount --bind "$0" /run/nscd && exec "$@"`, dir}, argv...)...)
		out, _ := cmd.CombinedOutput() // its status is the verdict
		return string(out)
	}
	for _, tt := range []struct {
		name, says string
		args       []string
	}{
		{"who has it", "keeper", []string{"-p", "26660"}},
		{"a user", "no such user", []string{"--close", "--only", "user=nobody-has-this", "-p", "26660", "--dry-run"}},
		{"whose socket", "neither a number nor in /etc/passwd", []string{"--reuseport", "--as-user", "nobody-has-this", "-p", "26660"}},
		{"a service", "nobody-has-this", []string{"-p", "nobody-has-this"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said := run(append([]string{plain}, tt.args...)...)
			if !strings.Contains(said, tt.says) {
				t.Errorf("it does not say %q:\n%s", tt.says, said)
			}
			if n := len(asked); n > 0 {
				t.Errorf("the directory service was asked %d times", n)
			}
			for len(asked) > 0 {
				<-asked
			}
		})
	}
	if run("getent", "passwd", "nobody-has-this"); len(asked) == 0 {
		t.Error("nobody would have been heard")
	}
}
