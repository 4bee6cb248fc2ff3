package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"portguard/internal/needs"
)

// namespace is a root shell in a network and a pid namespace of its own, in an empty directory. What it starts ends with it.
func namespace(t *testing.T) (sh *shell, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	needs.Program(t, "unshare", "util-linux")
	needs.Program(t, "ip", "iproute2")
	unshare := []string{"unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"}
	if out, err := exec.Command(unshare[0], append(unshare[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("no namespaces can be made here: %v %s", err, out)
	}
	dir = t.TempDir()
	cmd := exec.Command(unshare[0], append(unshare[1:], "bash")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":/usr/bin:/bin:"+os.Getenv("PATH"), "LC_ALL=C.UTF-8")
	sh = newShell(t, cmd)
	sh.run(t, "ip link set lo up")
	return sh, dir
}

// take lets the kernel give port 30010 to an outgoing connection of another process.
func take(t *testing.T, sh *shell) {
	t.Helper()
	const server = `import socket, time
s = socket.create_server(("127.0.0.1", 7000))
open("listening", "w").close()
time.sleep(600)`
	sh.run(t, `python3 -c '`+server+`' & while ! test -e listening; do sleep 0.05; done`)
	sh.run(t, `echo 30010 30010 >/proc/sys/net/ipv4/ip_local_port_range`)
	sh.run(t, `bash -c 'exec 3<>/dev/tcp/127.0.0.1/7000; touch connected; exec sleep 600' & while ! test -e connected; do sleep 0.05; done`)
	sh.run(t, `echo 1024 65000 >/proc/sys/net/ipv4/ip_local_port_range`)
}

// install puts a file of this package's testdata beside the shell.
func install(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
