package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// With --hold fdstore the port stays the service's while it is down. The same service alone loses it to the crowd.
func (r systemdRig) testStore(t *testing.T) {
	restarts := 8
	if *rigLong {
		restarts = 50
	}
	service := func(name, before string, port int) {
		r.Unit(t, name+".service", fmt.Sprintf("[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=notify\nNotifyAccess=main\nFileDescriptorStoreMax=1\n"+
			"Restart=always\nRestartSec=300ms\nExecStart=%s/usr/local/bin/witness -listen %d\n", before, port))
	}
	service("guarded", "/usr/local/bin/portguard --hold fdstore -p 40100 -- ", 40100)
	service("alone", "", 40102)
	r.Unit(t, "crowd.service", "[Service]\nType=notify\nNice=19\nExecStart=/usr/local/bin/crowd /run/crowd.end\n")
	r.Shell(t, "systemctl daemon-reload; systemctl start guarded alone; rm -f /run/crowd.end")
	r.narrow(t, 40096, 40111)
	r.Shell(t, "systemctl start crowd")
	t.Cleanup(func() { r.Shell(t, "systemctl stop guarded alone crowd") })
	failed := [2]int{}
	t.Run("restarts", func(t *testing.T) {
		for i, unit := range []string{"guarded", "alone"} {
			t.Run(unit, func(t *testing.T) {
				t.Parallel()
				failed[i] = r.killAndCount(t, unit, restarts)
			})
		}
	})

	r.Shell(t, "touch /run/crowd.end", "while systemctl -q is-active crowd; do sleep .05; done")
	picked := map[string]int{}
	for line := range strings.Lines(r.Shell(t, "journalctl --sync; journalctl -b -o cat -u crowd -t crowd")) {
		var what string
		var n int
		if _, err := fmt.Sscan(line, &what, &n); err == nil {
			picked[what] = n
		}
	}
	t.Logf("%d connections in a range of 16 ports, %d restarts: behind portguard %d failed starts and the port picked %d times, alone %d and %d",
		picked["made"], restarts, failed[0], picked["40100"], failed[1], picked["40102"])
	if failed[0] != 0 || picked["40100"] != 0 {
		t.Errorf("behind portguard %d starts failed, and the port was picked %d times, want 0", failed[0], picked["40100"])
	}
	if failed[1] == 0 || picked["40102"] == 0 {
		t.Errorf("alone %d starts failed, and the port was picked %d times: the crowd is no threat, and the test shows nothing", failed[1], picked["40102"])
	}

	if n := r.property(t, "guarded", "NFileDescriptorStore"); n != "1" {
		t.Errorf("%s descriptors in the store, want 1", n)
	}
	r.Shell(t, "systemctl stop guarded")
	if n := r.property(t, "guarded", "NFileDescriptorStore"); n != "0" {
		t.Errorf("%s descriptors in the store after stop, want 0", n)
	}
	if e, status := r.ask(t, 40100); status != 0 {
		t.Errorf("after stop the port is %s", e.Verdict)
	}
}

// killAndCount kills a service's main process again and again, and counts the starts that failed on the way back up.
func (r systemdRig) killAndCount(t *testing.T, unit string, times int) (failed int) {
	t.Helper()
	out, status, err := r.Run("bash", "-euo", "pipefail", "-c", fmt.Sprintf(`
		restarts() { systemctl show --value -p NRestarts %[1]s; }
		begin=$(restarts)
		for i in $(seq %[2]d); do
			before=$(restarts)
			systemctl kill --kill-who=main -s KILL %[1]s
			for try in $(seq 600); do
				[ "$(systemctl show --value -p SubState %[1]s)" = running ] && [ "$(restarts)" -gt "$before" ] && continue 2
				sleep .05
			done
			echo "%[1]s does not come up again"; exit 1
		done
		echo $(($(restarts) - begin - %[2]d))`, unit, times))
	if err != nil || status != 0 {
		t.Errorf("%v, status %d: %s", err, status, out)
	}
	if _, err := fmt.Sscan(out, &failed); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	return failed
}

// The room in the store that is portguard's is not the service's, not even where the store cannot be used. (systemd says FDSTORE=
// itself from 254 on; what a unit says instead serves as well.)
func (r systemdRig) testStoreOutOfReach(t *testing.T) {
	for _, tt := range []struct{ name, room, hold, want string }{
		{"none but ours", "1", "fdstore", ""},
		{"the service's own as well", "3", "fdstore", "FDSTORE=2\n"},
		{"none of it ours", "03", "exec", "FDSTORE=03\n"},
		{"none at all", "0", "exec", "FDSTORE=0\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.service(t, "unheard", "Type=oneshot", "RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK", "Environment=FDSTORE="+tt.room,
				"ExecStart=/usr/local/bin/portguard --hold "+tt.hold+" -p 40091 -- /usr/bin/env")
			since := r.Shell(t, "journalctl --sync; journalctl -b -o cat -u unheard | wc -l")
			r.Shell(t, "systemctl start unheard")
			said := r.Shell(t, "journalctl --sync; journalctl -b -o cat -u unheard | tail -n +$(( "+strings.TrimSpace(since)+" + 1 ))")
			if got := strings.Contains(said, "systemd's fd store cannot be used"); got != (tt.hold == "fdstore") {
				t.Errorf("that the store cannot be used is said: %v\n%s", got, said)
			}
			_, rest, found := strings.Cut("\n"+said, "\nFDSTORE=")
			if found {
				rest, _, _ = strings.Cut(rest, "\n")
				rest = "FDSTORE=" + rest + "\n"
			} else {
				rest = ""
			}
			if rest != tt.want {
				t.Errorf("the service has %q, want %q\n%s", rest, tt.want, said)
			}
		})
	}
}
