package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
)

// TestIncident replays, with the real programs, what portguard was written for: a connection pool was handed the port of
// a service that was down for a moment.
func TestIncident(t *testing.T) {
	t.Parallel() // it waits for a minute; those that run beside it have the kernel pick no port here
	portguard := binary(t)
	i := newIncident(t)

	var remains *remainsCase
	if !testing.Short() {
		remains = i.waitForRemains(t, portguard)
	}
	t.Run("the service alone dies with BindException", func(t *testing.T) {
		_, port := i.pool(t)
		service := launch(t, i.java("Service", port)...)
		if status := service.end(t); status == 0 || !strings.Contains(service.errs.String(), "java.net.BindException") {
			t.Errorf("status %d\n%s", status, service.errs.String())
		}
	})
	t.Run("the report names the pool", func(t *testing.T) { i.report(t, portguard) })
	t.Run("JSON names the pool", func(t *testing.T) { i.reportJSON(t, portguard) })
	t.Run("wait starts the service as soon as Redis has hung up", func(t *testing.T) { i.waitForHangUp(t, portguard) })
	t.Run("kill ends the pool and starts the service at once", func(t *testing.T) { i.kill(t, portguard) })
	t.Run("wait says how long TIME_WAIT lasts and starts the service then", func(t *testing.T) {
		if remains == nil {
			t.Skip("takes a minute")
		}
		remains.check(t)
	})
	if !i.redis.running() || i.tell("PING") != "+PONG" {
		t.Error("Redis is gone")
	}
}

var fdOfSS = regexp.MustCompile(`fd=(\d+)`)

func (i *incident) report(t *testing.T, portguard string) {
	pool, port := i.pool(t)
	at := "sport = :" + port
	if listeners := outputOf(t, "ss", "-ltnH", at); listeners != "" {
		t.Errorf("a listener after all: %s", listeners)
	}
	fd := fdOfSS.FindStringSubmatch(outputOf(t, "ss", "-tnpH", at))
	if fd == nil {
		t.Fatal("ss -p does not show the pool")
	}
	p := launch(t, portguard, "-p", port)
	text := p.output()
	if status := p.end(t); status != cli.ExitUnavailable {
		t.Errorf("exit status %d, want %d", status, cli.ExitUnavailable)
	}
	for _, want := range []string{
		"java", fmt.Sprintf("pid %d", pool.pid()), "fd " + fd[1], "ESTABLISHED",
		fmt.Sprintf("127.0.0.1:%d", i.redisPort), "ip_local_port_range 1024-65000",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s%s", want, text, p.errs.String())
		}
	}
}

func (i *incident) reportJSON(t *testing.T, portguard string) {
	pool, port := i.pool(t)
	p := launch(t, portguard, "--json", "-p", port)
	text := p.output()
	if status := p.end(t); status != cli.ExitUnavailable {
		t.Errorf("exit status %d, want %d", status, cli.ExitUnavailable)
	}
	var report struct {
		Endpoints []struct {
			Port    int
			Verdict string
			Holders []struct {
				Kind, State, Remote string
				Processes           []struct{ PID int }
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatalf("%v\n%s%s", err, text, p.errs.String())
	}
	if len(report.Endpoints) != 1 || len(report.Endpoints[0].Holders) != 1 || len(report.Endpoints[0].Holders[0].Processes) != 1 {
		t.Fatalf("want one endpoint, one holder, one process:\n%s", text)
	}
	e := report.Endpoints[0]
	h := e.Holders[0]
	if strconv.Itoa(e.Port) != port || e.Verdict != "taken" || h.Kind != "client" || h.State != "ESTABLISHED" ||
		h.Remote != fmt.Sprintf("127.0.0.1:%d", i.redisPort) || h.Processes[0].PID != pool.pid() {
		t.Errorf("the pool is pid %d:\n%s", pool.pid(), text)
	}
}

// waitForHangUp: the peer closes first, so nothing remains and the port is free when the pool closes too.
func (i *incident) waitForHangUp(t *testing.T, portguard string) {
	pool, port := i.pool(t)
	p := launch(t, portguard, "--wait", "30s", "-p", port, "--", "date", "+started %s%N")
	eventually(t, 10*time.Second, "portguard says that it waits", func() bool { return p.errs.String() != "" })

	if answer := i.tell("CLIENT KILL ADDR 127.0.0.1:" + port); answer != ":1" {
		t.Fatalf("Redis: %q", answer)
	}
	lost := microseconds(t, pool.expect(t, "lost "))
	started := nanoseconds(t, p.expect(t, "started "))
	delay := started.Sub(lost)
	t.Logf("started %v after the close", delay)
	if delay > time.Second {
		t.Errorf("the service started %v after the close", delay)
	}
	if status := p.end(t); status != 0 {
		t.Errorf("exit status %d\n%s", status, p.errs.String())
	}
}

func (i *incident) kill(t *testing.T, portguard string) {
	pool, port := i.pool(t)
	begin := time.Now()
	argv := append([]string{portguard, "--kill", "-p", port, "--"}, i.java("Service", port)...)
	service := launch(t, argv...)
	service.becomes(t, "java")
	eventually(t, 20*time.Second, "the service answers", func() bool { return httpGet(port) == "200 up" })
	t.Logf("in service after %v", time.Since(begin))
	if pool.running() {
		t.Error("the pool still runs")
	}
	if !i.redis.running() {
		t.Error("Redis is dead")
	}
}

// remainsCase is a portguard that waits for a TIME_WAIT for a minute, while other cases run.
type remainsCase struct {
	closed    time.Time
	portguard *actor
}

func (i *incident) waitForRemains(t *testing.T, portguard string) *remainsCase {
	t.Helper()
	pool, port := i.pool(t)
	if err := pool.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	c := &remainsCase{closed: microseconds(t, pool.expect(t, "closed "))}
	pool.end(t)
	c.portguard = launch(t, portguard, "--wait", "90s", "-p", port, "--", "date", "+started %s%N")
	return c
}

var secondsLeft = regexp.MustCompile(`\b(1m0|[56]\d)(\.\d+)?s`)

func (c *remainsCase) check(t *testing.T) {
	beforehand := c.portguard.errs.String()
	if !strings.Contains(beforehand, "TIME_WAIT") || !secondsLeft.MatchString(beforehand) {
		t.Errorf("neither TIME_WAIT nor the seconds left are announced in:\n%s", beforehand)
	}
	delay := nanoseconds(t, c.portguard.expect(t, "started ")).Sub(c.closed)
	t.Logf("started %v after the close", delay)
	// The kernel's timer for it has a grain of up to 1/8: 60 s may become 67 s.
	if delay < 59*time.Second || delay > 75*time.Second {
		t.Errorf("the service started %v after the close, TIME_WAIT lasts 60 s", delay)
	}
	if status := c.portguard.end(t); status != 0 {
		t.Errorf("exit status %d\n%s", status, c.portguard.errs.String())
	}
}

// httpGet is the status and the body of a service on this host, "" when it does not answer.
func httpGet(port string) string {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://127.0.0.1:" + port + "/")
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d %s", response.StatusCode, strings.TrimSpace(string(body)))
}

func outputOf(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).Output()
	if err != nil {
		t.Fatalf("%v: %v", argv, err)
	}
	return strings.TrimSpace(string(out))
}

func microseconds(t *testing.T, s string) time.Time {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.UnixMicro(n)
}

func nanoseconds(t *testing.T, s string) time.Time {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Unix(0, n)
}
