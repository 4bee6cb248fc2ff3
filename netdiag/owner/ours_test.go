package owner

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"portguard/netdiag/nstest"
)

// whose says whose /proc is.
func whose() string {
	if err := (Scanner{}).Ours(); err != nil {
		return err.Error()
	}
	return "ours"
}

var shownAs = regexp.MustCompile(`as \d+$`)

// Two processes deep, in pid namespaces of their own, /proc is mounted or not, and the numbers are the same by chance or not.
func TestOurs(t *testing.T) {
	nstest.Root(t)
	for _, tt := range []struct{ name, script, want string }{
		{"the only pid namespace", `"$0"`, "ours"},
		{"a pid namespace with a /proc of its own", `unshare -pfm --mount-proc --kill-child "$0"`, "ours"},
		{"one without", `unshare -pf --kill-child "$0"`, "/proc is another pid namespace's: it has process 1 as N"},
		{"one without, in which we have the same number", `unshare -pfm --mount-proc --kill-child sh -c '
			echo 8999 >/proc/sys/kernel/ns_last_pid # unshare is 9000, its child 9001
			unshare -pf --kill-child sh -c "echo 9001 >/proc/sys/kernel/ns_last_pid; \"\$0\"; true" "$0"; true' "$0"`,
			"/proc is another pid namespace's: this process is 1 further in"},
		{"the /proc of one that does not have us", `unshare -pfm --mount-proc --kill-child sleep 60 & p=$!
			until c=$(pgrep -P $p sleep); do sleep .01; done; nsenter -t $c -m -r "$0"; kill -KILL $p`,
			"/proc is another pid namespace's: it does not have this process"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "sh", "-c", tt.script, self)
			cmd.Env = append(cmd.Environ(), helperEnv+"=whose")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			if got := shownAs.ReplaceAllString(strings.TrimSpace(string(out)), "as N"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
