package e2e

import (
	"fmt"
	"strings"
	"testing"
)

const pm2 = "cd /srv/app; export PATH=/rig/node_modules/.bin:$PATH HOME=/root; "

// testPM2 is about the real pm2: fork mode, cluster mode, and its unit.
func (r exampleRig) testPM2(t *testing.T) {
	r.steal(t, "pool", examplePort)
	r.Shell(t, pm2+"pm2 start ecosystem.config.js")
	r.listens(t, true)
	r.Shell(t, pm2+"pm2 restart web")
	r.listens(t, true)
	r.Shell(t, "old=$(ss -Htlnp sport = :8080 | grep -o 'pid=[0-9]*')", crash, await("new=$(ss -Htlnp sport = :8080 | grep -o 'pid=[0-9]*' || true); [ -n \"$new\" ] && [ \"$new\" != \"$old\" ]")) // pm2 starts it again
	r.listens(t, true)
	r.Shell(t, pm2+"pm2 stop web")
	r.listens(t, false)
	r.Shell(t, fmt.Sprintf("ss -Htn sport = :%d | grep ESTAB >/dev/null; systemctl stop pool", examplePort), pm2+"pm2 delete web")

	// Without a wait it gives up after sixteen starts, and does not try again when the port is free.
	r.put(t, "/srv/app/at-once.config.js", strings.ReplaceAll(example(t, "pm2/ecosystem.config.js"), " --wait forever", ""))
	r.Shell(t, fmt.Sprintf("systemd-run --quiet --collect --unit=other /srv/web %d", examplePort))
	r.listens(t, true)
	r.Shell(t, pm2+"pm2 start at-once.config.js; "+await("pm2 jlist | grep errored"), "systemctl stop other")
	r.listens(t, false)
	r.Shell(t, pm2+"pm2 jlist | grep errored >/dev/null; pm2 delete web; pm2 kill")

	// In cluster mode the daemon listens, so the way is cleared before.
	r.steal(t, "pool", examplePort)
	r.Shell(t, pm2+"portguard --share --wait 30s -p 8080 && pm2 start server.js --name web -i 2")
	r.listens(t, true)
	r.Shell(t, pm2+"pm2 reload web")
	r.listens(t, true)
	r.Shell(t, pm2+"pm2 save; pm2 startup systemd -u root --hp /root >&2; pm2 kill", "systemctl stop pool")
	r.listens(t, false)

	// After the next boot as well.
	r.Shell(t, "portguard unit install pm2-root -p 8080 --share --wait 30s")
	r.steal(t, "pool", examplePort)
	r.Shell(t, "systemctl start pm2-root")
	r.listens(t, true)
	r.Shell(t, "systemctl stop pm2-root pool")
	r.listens(t, false)
}
