package e2e

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"portguard/systemd/rigtest"
)

// examplesNPM has npm install what is no Debian package, at versions that were looked at.
var examplesNPM = flag.Bool("examples.npm", false, "also run the examples of yarn, pnpm, nodemon and pm2, which npm installs: some minutes")

const nodeServer = "require('http').createServer((request, response) => response.end('up')).listen(8080)\n"

// crash ends the server.
const crash = "kill -9 $(ss -Htlnp sport = :8080 | grep -o 'pid=[0-9]*' | cut -d = -f 2)"

// testNode is about what starts a server of Node. npm is real here, as is a restart when a file changes, by node itself for want of nodemon.
func (r exampleRig) testNode(t *testing.T) {
	r.Shell(t, "mkdir -p /srv/app")
	r.put(t, "/srv/app/server.js", nodeServer)
	r.put(t, "/srv/app/package.json", example(t, "node/package.json"))
	r.put(t, "/srv/app/ecosystem.config.js", example(t, "pm2/ecosystem.config.js"))
	t.Run("npm", func(t *testing.T) { r.testScript(t, "npm") })
	t.Run("node --watch", func(t *testing.T) { r.testDev(t, "node --watch") })
	t.Run("pm2's command", r.testEcosystem)
	if !*examplesNPM {
		return
	}
	for prefix, packages := range map[string][]string{"": {"pnpm@9.15.9", "nodemon@3.1.14", "pm2@6.0.14", "yarn@1.22.22"}, "/yarn4": {"@yarnpkg/cli-dist@4.1.0"}} {
		install := rigtest.Outside(append([]string{"npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", r.Dir + prefix}, packages...)...)
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", install.Args, err, out)
		}
	}
	t.Run("pnpm", func(t *testing.T) { r.testScript(t, "pnpm") })
	t.Run("yarn 1", func(t *testing.T) { r.testScript(t, "yarn") })
	t.Run("yarn 4", r.testYarn4)
	t.Run("nodemon", func(t *testing.T) { r.testDev(t, "nodemon") })
	t.Run("pm2", r.testPM2)
}

// launch starts what starts the service, in a unit that ends nothing but its first process.
func (r exampleRig) launch(t *testing.T, command string) {
	t.Helper()
	r.Shell(t, await("[ $(systemctl show -P LoadState launcher) = not-found ]"), "systemd-run --quiet --collect --unit=launcher -p KillMode=process -p WorkingDirectory=/srv/app "+
		"-E PATH=/rig/node_modules/.bin:/usr/local/bin:/usr/bin:/bin -E HOME=/root -E npm_config_update_notifier=false -- /usr/bin/env "+command)
	r.listens(t, true)
}

// ends sends SIGTERM to the launcher alone, and waits until it has ended.
func (r exampleRig) ends(t *testing.T) {
	t.Helper()
	r.Shell(t, "systemctl kill --kill-who=main launcher", await("! systemctl is-active launcher"))
}

// beside starts a launcher when a connection has the service's port, and ends it: the service is gone, the connection is not.
func (r exampleRig) beside(t *testing.T, command string) {
	t.Helper()
	r.steal(t, "pool", examplePort)
	r.launch(t, command)
	r.ends(t)
	r.listens(t, false)
	r.Shell(t, fmt.Sprintf("ss -Htn sport = :%d | grep ESTAB >/dev/null; systemctl stop pool", examplePort))
}

// fails runs a launcher to its end beside another service, whose port is not waited for.
func (r exampleRig) fails(t *testing.T, command string) {
	t.Helper()
	r.Shell(t, fmt.Sprintf("systemd-run --quiet --collect --unit=other /srv/web %d", examplePort))
	r.listens(t, true)
	out, status, err := r.Run("bash", "-c", "cd /srv/app; PATH=/rig/node_modules/.bin:$PATH npm_config_update_notifier=false timeout 60 "+command+" 2>&1")
	if err != nil || status != 69 || !strings.Contains(out, "8080/tcp is taken") {
		t.Errorf("%s: status %d, %v\n%s", command, status, err, out)
	}
	r.Shell(t, "systemctl stop other")
	r.listens(t, false)
}

// testScript runs the script "start", which SIGTERM to its runner reaches where it begins with exec.
func (r exampleRig) testScript(t *testing.T, runner string) {
	text := example(t, "node/package.json")
	r.put(t, "/srv/app/package.json", text)
	r.beside(t, runner+" start")
	r.put(t, "/srv/app/package.json", strings.ReplaceAll(text, " --wait forever", ""))
	r.fails(t, runner+" start")

	without := strings.ReplaceAll(text, `"exec `, `"`)
	if without == text {
		t.Fatal("there is no exec in package.json")
	}
	r.put(t, "/srv/app/package.json", without)
	r.launch(t, runner+" start")
	r.ends(t)
	r.listens(t, true) // still
	r.Shell(t, "kill $(pidof node)")
	r.listens(t, false)
}

// testYarn4: its scripts are run by a shell of its own, which has no exec and needs none.
func (r exampleRig) testYarn4(t *testing.T) {
	const yarn = "env YARN_ENABLE_NETWORK=0 YARN_ENABLE_TELEMETRY=0 node /rig/yarn4/node_modules/@yarnpkg/cli-dist/bin/yarn.js"
	text := example(t, "node/package.json")
	r.put(t, "/srv/app/package.json", text)
	out, status, err := r.Run("bash", "-c", "cd /srv/app; touch yarn.lock; "+yarn+" install >/dev/null; "+yarn+" start 2>&1")
	if err != nil || status != 127 || !strings.Contains(out, "command not found: exec") {
		t.Errorf("with exec: status %d, %v\n%s", status, err, out)
	}
	text = strings.ReplaceAll(text, `"exec `, `"`)
	r.put(t, "/srv/app/package.json", text)
	r.beside(t, yarn+" start")
	r.put(t, "/srv/app/package.json", strings.ReplaceAll(text, " --wait forever", ""))
	r.fails(t, yarn+" start")
}

// testDev: while the server is down, and its watcher waits for a change, nobody else is given its port.
func (r exampleRig) testDev(t *testing.T, watcher string) {
	r.put(t, "/srv/app/package.json", strings.ReplaceAll(example(t, "node/package.json"), "nodemon", watcher))
	r.steal(t, "pool", examplePort)
	r.launch(t, "npm run dev")
	r.Shell(t, "systemctl stop pool", crash)
	r.listens(t, false)
	r.Shell(t, "read -r low high </proc/sys/net/ipv4/ip_local_port_range",
		fmt.Sprintf("echo %d %[1]d >/proc/sys/net/ipv4/ip_local_port_range", examplePort),
		"status=0; timeout 20 /usr/local/bin/pool 2>/dev/null || status=$?",
		"echo $low $high >/proc/sys/net/ipv4/ip_local_port_range; [ $status = 1 ]")
	if watcher == "nodemon" { // node --watch forgets files on a busy host
		r.Shell(t, "touch /srv/app/server.js")
		r.listens(t, true)
	}
	r.ends(t)
	r.listens(t, false)
}

// testEcosystem starts what docs/examples/pm2 has pm2 start, as it does: pm2 itself is no Debian package.
func (r exampleRig) testEcosystem(t *testing.T) {
	const likePM2 = `const app = require("/srv/app/ecosystem.config.js").apps[0]
const child = require("child_process").spawn(app.script, app.args.split(" "), {cwd: app.cwd, stdio: "inherit"})
process.on("SIGTERM", () => child.kill("SIGINT"))`
	r.put(t, "/srv/app/like-pm2.js", likePM2)
	r.beside(t, "node like-pm2.js")
}
