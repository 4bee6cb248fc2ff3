package docs

import (
	"strings"
	"testing"

	"portguard/internal/needs"
)

// The deploy script of docs/ready.md waits for the new process, while the old one listens on the same port all the time, and ends where
// the new one does not come up.
func TestDeployScript(t *testing.T) {
	needs.Program(t, "python3", "python3")
	script := ""
	for _, b := range readPage(t, "docs/ready.md").blocks() {
		if b.lang == "sh" && b.section == "A deploy script" {
			script += b.text
		}
	}
	if !strings.Contains(script, "java -jar new.jar &") {
		t.Fatalf("the script is %q", script)
	}
	sh, dir := namespace(t)
	install(t, dir, program(t))
	sh.run(t, `cat >serve.py <<'END'
import socket, sys, time
time.sleep(float(sys.argv[1]))
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(("", 30010))
s.listen()
open(sys.argv[2], "w").close()
time.sleep(600)
END`)
	sh.run(t, "python3 serve.py 0 old >/dev/null 2>&1 & while ! test -e old; do sleep 0.05; done")
	script = strings.ReplaceAll(script, "--wait 60s", "--wait 3s")
	for _, tt := range []struct{ name, java, want string }{
		{"comes up", "python3 serve.py 0.7 new", "0\n"},
		{"does not", "sleep 600", "1\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sh.run(t, "rm -f new")
			got := sh.run(t, "( java() { exec "+tt.java+"; }\n"+script+") >/dev/null 2>&1; echo $?")
			if got != tt.want {
				t.Errorf("status %s", got)
			}
			if up := sh.run(t, "test -e new && echo up"); (up == "up\n") != (tt.want == "0\n") {
				t.Errorf("the new one is %q when it ends", up)
			}
		})
	}
}
