package become

import (
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Once there are threads, the kernel waits for milliseconds whenever the table grows.
func TestTheTableOfDescriptorsIsLargeFromTheStart(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("no entry point for " + runtime.GOARCH)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	path := service(t, withEntry)
	for _, tt := range []struct {
		name, before string // what the shell does
		size         uint64
	}{
		{"beyond a low soft limit, which the service has again", "ulimit -Sn 300", min(roomAtOnce, limit.Max)},
		{"as far as the hard limit lets it", "ulimit -n 280", 280},
		{"where stdin is closed", "ulimit -Sn 300; exec <&-", min(roomAtOnce, limit.Max)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bare, _ := seenByService(t, tt.before)
			got, size := seenByService(t, tt.before, path, "exec")
			if got != bare || size < tt.size {
				t.Errorf("a table of %d and %q, want at least %d and %q, as without us", size, got, tt.size, bare)
			}
		})
	}
}

// seenByService is what a service finds when it is started, through what stands in front of it: its limits on open files and its
// descriptors, and the size of their table.
func seenByService(t *testing.T, before string, front ...string) (seen string, size uint64) {
	t.Helper()
	const service = `while read name value; do [ $name != FDSize: ] || echo $value; done </proc/self/status; ulimit -Sn; ulimit -Hn; ls /proc/self/fd`
	cmd := exec.Command("sh", append(append([]string{"-c", before + `; exec "$@"`, ""}, front...), "sh", "-c", service)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	first, rest, _ := strings.Cut(string(out), "\n")
	if _, err := fmt.Sscan(first, &size); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return rest, size
}
