package enabled

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A host's files: what is enabled counts, with its drop-ins, and what is only installed does not.
var host = map[string]string{
	"usr/lib/systemd/system/order.service": `[Service]
EnvironmentFile=-/etc/default/order
Environment=ADMIN=30011 HEAP=8192m
ExecStart=/usr/bin/java -Xmx4096m -jar /srv/order.jar --server.port=30010 --peer=10.0.0.1:30012
`,
	"etc/systemd/system/order.service.d/10-port.conf": `[Service]
ExecStart=
ExecStart=/usr/bin/java -jar /srv/order.jar --server.port=30020
`,
	"etc/default/order": `# PORT=1111
METRICS_PORT="30013"
`,
	"usr/lib/systemd/system/app@.service": `[Service]
ExecStart=/usr/bin/app -p%i -c9000
`,
	"usr/lib/systemd/system/old.service": `[Service]
ExecStart=/usr/bin/old --port 40000
`,
	`usr/lib/systemd/system/data\x2dsync.service`: `[Service]
ExecStart=/usr/bin/sync
`,
	`etc/systemd/system/data\x2dsync.service.d/port.conf`: `[Service]
Environment=PORT=30030
`,
	`etc/systemd/system/data\x2dsync.service.d/port.conf.old`: `[Service]
Environment=PORT=30031
`,
	"usr/lib/systemd/system/web.socket": `[Socket]
ListenStream=[::]:8080
ListenDatagram=5353
ListenStream=/run/web.sock
`,
}

func TestPorts(t *testing.T) {
	root := t.TempDir()
	for name, text := range host {
		path := filepath.Join(root, name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, []byte(text), 0o644))
	}
	wants := filepath.Join(root, "etc/systemd/system/multi-user.target.wants")
	check(t, os.MkdirAll(wants, 0o755))
	for _, unit := range []string{"order.service", "app@8000.service", "web.socket", `data\x2dsync.service`, "gone.service", "some.path"} {
		check(t, os.Symlink("/usr/lib/systemd/system/"+unit, filepath.Join(wants, unit)))
	}
	want := map[string][]uint16{
		"order.service":        {30020, 30011, 30013},
		"app@8000.service":     {9000, 8000},
		"web.socket":           {8080, 5353},
		`data\x2dsync.service`: {30030},
	}
	if diff := cmp.Diff(want, Ports(root)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNumbers(t *testing.T) {
	for line, want := range map[string][]uint16{
		"-p8080 --port=8081,8082 127.0.0.1:8083 [::]:8084": {8080, 8081, 8082, 8083, 8084},
		"8192m 30s 10.0.30.0 70000 0 v1.2 a1b":             nil,
		"":                                                 nil,
	} {
		var some []uint16
		for _, n := range numbers(line) {
			if n > 1023 {
				some = append(some, n)
			}
		}
		if diff := cmp.Diff(want, some); diff != "" {
			t.Errorf("%q (-want +got)\n%s", line, diff)
		}
	}
}

func check(t *testing.T, err error) {
	if err != nil {
		t.Helper()
		t.Fatal(err)
	}
}
