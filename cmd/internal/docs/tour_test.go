package docs

import (
	"flag"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"portguard/internal/needs"
	"portguard/systemd/rigtest"
)

var fresh = flag.Bool("fresh", false, "play the first steps in a fresh Debian, with the package: some minutes the first time")

// A new user's first steps, as docs/first-steps.md has them: on a systemd of this host's own kind, or with -fresh from the
// installation of the package in a new Debian on.
func TestFirstSteps(t *testing.T) {
	steps := readPage(t, "docs/first-steps.md")
	blocks := steps.consoles(t, "First steps")
	if *fresh {
		system := rigtest.Boot(t, rigtest.RootFS(t, "bookworm", "python3"))
		buildPackage(t, filepath.Join(system.Dir, "dist"))
		steps.play(t, shellIn(t, system), blocks)
		return
	}
	needs.Program(t, "python3", "python3")
	needs.Program(t, "ss", "iproute2")
	blocks[0].skips = func(command string) bool { return strings.Contains(command, "apt-get install") }
	system := rigtest.Boot(t, "")
	system.Install(t, program(t), "/usr/bin/portguard")
	steps.play(t, shellIn(t, system), blocks)
}

// shellIn is a shell of root's in the directory that the test has in common with the system.
func shellIn(t *testing.T, system *rigtest.System) *shell {
	t.Helper()
	sh := newShell(t, system.Command("bash"))
	sh.run(t, "cd /rig")
	return sh
}

// buildPackage makes the package for Debian in a directory.
func buildPackage(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command("go", "run", "portguard/cmd/internal/packages", "-out", dir, "-arch", "amd64", "-format", "deb")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}

// The first lines of README.md, on the host of the incident: order.jar, which runs as order.service, has a connection to a
// server on port 7000, and the kernel gave its end port 30010.
func TestIncidentOfTheFirstLines(t *testing.T) {
	for _, command := range [][2]string{{"javac", "default-jdk-headless"}, {"java", "default-jdk-headless"}, {"ss", "iproute2"}, {"ip", "iproute2"}} {
		needs.Program(t, command[0], command[1])
	}
	readme := readPage(t, "README.md")
	system := rigtest.Boot(t, "")
	system.Install(t, program(t), "/usr/bin/portguard")
	buildJar(t, system.Dir, "App")
	buildJar(t, system.Dir, "Order")
	system.Unit(t, "order.service", "[Service]\nExecStart=java -jar order.jar\nWorkingDirectory=/rig\n")
	system.Shell(t,
		"ip address add 10.11.0.5/32 dev lo; ip address add 10.11.0.9/32 dev lo",
		"ip route replace local 10.11.0.9 dev lo table local src 10.11.0.5",
		"systemctl daemon-reload",
		"systemd-run -q --unit=cache --socket-property=ListenStream=10.11.0.9:7000 sleep infinity",
		"sysctl -qw net.ipv4.ip_local_port_range='30010 30010'",
		"systemctl start order",
		"for i in $(seq 300); do ss -Htn state established sport = :30010 | grep -q . && break; sleep 0.1; done",
		"sysctl -qw net.ipv4.ip_local_port_range='1024 65000'")
	sh := shellIn(t, system)
	for _, section := range []string{"portguard", "See, start, prevent"} {
		readme.play(t, sh, readme.consoles(t, section))
	}
	ready := readPage(t, "docs/ready.md") // of the same host
	ready.play(t, sh, ready.consoles(t, "Did it come up?"))
}
