package e2e

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"portguard/internal/needs"
)

// TestNobodyIsHarmed: a client and its server exchange messages as fast as they can, over a connection that has the port of
// a real service. The service starts beside it, and serves; they do not notice.
func TestNobodyIsHarmed(t *testing.T) {
	l := newLadder(t)
	for _, c := range []struct {
		name    string
		command string // that must be there, of the package
		pkg     string
		argv    func(t *testing.T, port string) []string
		ask     func(t *testing.T, port string, times int)
	}{
		{"Java", "javac", "default-jdk-headless", func(_ *testing.T, port string) []string {
			// With Nagle's algorithm each answer takes this server 40 ms.
			return []string{"java", "-XX:TieredStopAtLevel=1", "-Dsun.net.httpserver.nodelay=true", "testdata/incident/Service.java", port}
		}, askHTTP},
		{"nginx", "nginx", "nginx-light", nginx, askHTTP},
		{"Node", "node", "nodejs", func(_ *testing.T, port string) []string {
			return []string{"node", "-e", `require("http").createServer((q, s) => s.end("up\n")).listen(` + port + `)`}
		}, askHTTP},
		{"Go", l.service, "", func(_ *testing.T, port string) []string { return []string{l.service, port} }, askHTTP},
		{"Python", "/usr/bin/python3", "python3", func(t *testing.T, port string) []string {
			return []string{"/usr/bin/python3", "-m", "http.server", "--directory", t.TempDir(), port}
		}, askHTTP},
		{"Redis", "redis-server", "redis-server", func(t *testing.T, port string) []string {
			return []string{"redis-server", "--port", port, "--save", "", "--appendonly", "no", "--dir", t.TempDir()}
		}, askRedis},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.pkg != "" {
				needs.Program(t, c.command, c.pkg)
			}
			port := l.port()
			talk := l.talk(t, port)
			l.dies(t, port)

			argv := slices.Concat([]string{l.portguard, "--share", "-p", number(port), "--"}, c.argv(t, number(port)))
			service := launch(t, argv...)
			eventually(t, 30*time.Second, "the service answers", func() bool {
				conn, err := net.Dial("tcp4", "127.0.0.1:"+number(port))
				if err == nil {
					conn.Close()
				}
				return err == nil || !service.running()
			})
			if !service.running() {
				t.Fatalf("the service has ended with status %d\n%s", service.end(t), service.errs.String())
			}
			c.ask(t, number(port), 1000)
			talk.check(t)
		})
	}
}

// nginx is a server that serves one page. Where it believes itself root, as in a user namespace, there may be no user nobody.
func nginx(t *testing.T, port string) []string {
	t.Helper()
	dir := t.TempDir()
	config := "user root; daemon off; master_process off; pid nginx.pid; events {} http { access_log off;\n"
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		config += name + "_temp_path " + name + ";\n"
	}
	config += "server { listen " + port + "; location / { return 200 up; } } }\n"
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return []string{"nginx", "-p", dir, "-c", path, "-e", "stderr"}
}

func askHTTP(t *testing.T, port string, times int) {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for range times {
		response, err := client.Get("http://127.0.0.1:" + port + "/")
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s, %v", response.Status, err)
		}
	}
}

func askRedis(t *testing.T, port string, times int) {
	t.Helper()
	c, err := net.Dial("tcp4", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answers := bufio.NewReader(c)
	for range times {
		if _, err := io.WriteString(c, "PING\r\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := answers.ReadString('\n'); err != nil || line != "+PONG\r\n" {
			t.Fatalf("%q, %v", line, err)
		}
	}
}
