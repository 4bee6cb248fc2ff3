package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
)

// testImages builds the images of the documents with an engine, and does with them what the documents do. unmask lets a container
// write to /proc/sys.
func (r containerRig) testImages(engine, unmask string) func(t *testing.T) {
	return func(t *testing.T) {
		r.Install(t, builds.build(t, "./testdata/ladder/service"), "/tmp/context/web")
		r.Shell(t, "cp /usr/bin/portguard /tmp/context/", image+engine+" import - bb:1")
		t.Run("from scratch", func(t *testing.T) { r.testScratch(t, engine, unmask) })
		t.Run("a service", func(t *testing.T) { r.testServiceImage(t, engine) })
		r.Shell(t, engine+" rmi -f pg web >/dev/null")
	}
}

// testScratch is about the image of docs/fleet.md, which has no /run, no /etc and nothing else.
func (r containerRig) testScratch(t *testing.T, engine, unmask string) {
	fleet, err := os.ReadFile("../../../../docs/fleet.md")
	if err != nil {
		t.Fatal(err)
	}
	from := strings.Index(string(fleet), "    FROM scratch\n")
	text, _, ok := strings.Cut(string(fleet[max(from, 0):]), "\n\n")
	if from < 0 || !ok {
		t.Fatal("docs/fleet.md has no image")
	}
	r.put(t, "/tmp/context/Dockerfile", strings.ReplaceAll(text, "    ", ""))
	r.Shell(t, engine+" build -q -t pg /tmp/context", "mkdir -p /tmp/run")
	const noFile = " --read-only"
	for _, tt := range []struct {
		flags, args string
		status      int
		want        string
	}{
		{noFile, "-p 8080", 0, "8080/tcp is free"},
		{noFile, "audit --sample 10ms 40000", cli.ExitAtRisk, "40000/tcp"},
		{noFile + unmask, "reserve --runtime 30000-30100", 0, "30000-30100"},
		{noFile + unmask + " -v /tmp/run:/run:ro", "reserve --runtime 30000-30100", 0, "30000-30100"},
		{noFile + unmask, "reserve 30010", cli.ExitNoPerm, "--runtime needs no file"},
		{noFile, "reserve --runtime 30010", cli.ExitNoPerm, "/proc/sys is read-only here"},
	} {
		out, status, err := r.Run("sh", "-c", engine+" run --rm"+tt.flags+" pg "+tt.args+" 2>&1")
		if err != nil || status != tt.status || !strings.Contains(out, tt.want) {
			t.Errorf("%s run%s pg %s: status %d, want %d with %q, %v\n%s", engine, tt.flags, tt.args, status, tt.status, tt.want, err, out)
		}
	}
	// The sidecar of docs/examples/kubernetes/host-network.yaml.
	r.Shell(t, engine+" run -d --name sidecar --read-only pg hold -p 30010",
		"for i in $(seq 100); do "+engine+" logs sidecar 2>&1 | grep -q 'holding 1 port' && break; sleep .05; done; "+engine+" logs sidecar 2>&1 | grep 'holding 1 port'")
	if took := r.stops(t, engine+" stop sidecar"); took > 3*time.Second {
		t.Errorf("hold takes %s to stop", took)
	}
	r.Shell(t, engine+" rm -f sidecar")
}

// testServiceImage is about docs/examples/docker/Dockerfile.
func (r containerRig) testServiceImage(t *testing.T, engine string) {
	r.put(t, "/tmp/context/Dockerfile", example(t, "docker/Dockerfile"))
	r.Shell(t, engine+" build -q -t web --build-arg BASE=bb:1 /tmp/context")
	s := &stops{command: engine + " stop web"}
	for i := 0; !s.enough(); i++ {
		guarded := i%2 == 1
		entry := " web"
		if !guarded {
			entry = " --entrypoint /srv/web web 8080"
		}
		r.Shell(t, engine+" run -d --name pgweb -p 30210:8080"+entry)
		r.answers(t, 30210)
		r.Shell(t, engine+" exec pgweb /usr/bin/portguard ready -q -p 8080", // as the HEALTHCHECK does
			"[ "+engine+" = podman ] || docker inspect pgweb | grep '\"ready\",' >/dev/null")
		if guarded { // a crash: the container goes on
			r.Shell(t, engine+" exec pgweb /bin/busybox killall -9 web", "sleep .2")
			r.answers(t, 30210)
		}
		s.add(guarded, r.stops(t, engine+" stop pgweb"))
		r.Shell(t, engine+" rm -f pgweb")
	}
	s.check(t)
	stopTable(t, s)
}

// answers waits until the service behind a published port does. The engine listens there as well, for a moment alone, and says nothing.
func (r containerRig) answers(t *testing.T, port int) {
	t.Helper()
	r.Shell(t, fmt.Sprintf(`for i in $(seq 200); do (exec 3<>/dev/tcp/127.0.0.1/%d; printf 'GET / HTTP/1.0\r\n\r\n' >&3; timeout 2 grep -q up <&3) 2>/dev/null && exit 0; sleep .05; done; exit 1`, port))
}

func (r unitRig) stops(t *testing.T, command string) time.Duration {
	t.Helper()
	begin := time.Now()
	r.Shell(t, command)
	return time.Since(begin)
}
