package container

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const listWeb = `[{"Id":"` + id2 + `","Names":["/db"],"Ports":[{"PrivatePort":5432,"Type":"tcp"}]},` +
	`{"Id":"` + id1 + `","Names":["/db/web","/web"],"Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":30010,"Type":"tcp"},{"IP":"::","PrivatePort":80,"PublicPort":30010,"Type":"tcp"}]}]`

// engine answers as docker's API does, on its socket below a root directory; answer "" never comes.
func engine(t *testing.T, answer string) (root string) {
	t.Helper()
	root = t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(root, "run/docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if answer == "" {
				t.Cleanup(func() { _ = c.Close() })
				continue
			}
			_, _ = c.Read(make([]byte, 4096))
			_, _ = fmt.Fprint(c, answer)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return root
}

func TestLookAsksDocker(t *testing.T) {
	const head = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"
	at := Listening{"tcp", netip.MustParseAddr("0.0.0.0"), 30010}
	proxy := process(dockerProxy, "/usr/sbin/docker-proxy", "/system.slice/docker.service", 0)
	dockerd := process("dockerd", "/usr/sbin/dockerd", "/system.slice/docker.service", 0)
	for _, tt := range []struct {
		name   string
		answer string
		args   string
		want   string
		role   Role
	}{
		{"it names the container", head + listWeb, dockerProxy, "container web (docker)", Port},
		{"dockerd that keeps a published port itself", head + listWeb, "dockerd", "container web (docker)", Port},
		{"nobody publishes the port", head + "[]", "dockerd", "a container of docker's", Engine},
		{"an answer that says no", "HTTP/1.0 403 Forbidden\r\n\r\n" + listWeb, dockerProxy, "a container of docker's", Port},
		{"an answer that is cut off", head + listWeb[:40], dockerProxy, "a container of docker's", Port},
		{"an answer of something else", "SSH-2.0-OpenSSH_9.2\r\n", dockerProxy, "a container of docker's", Port},
		{"names that are none", head + `[{"Id":"` + id1 + `","Names":["/$(reboot)"],"Ports":[{"IP":"0.0.0.0","PublicPort":30010,"Type":"tcp"}]}]`, dockerProxy, "container " + id1[:12] + " (docker)", Port},
		{"an id that is none", head + `[{"Id":"../x","Names":["/web"],"Ports":[{"IP":"0.0.0.0","PublicPort":30010,"Type":"tcp"}]}]`, dockerProxy, "a container of docker's", Port},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := proxy
			if tt.args == "dockerd" {
				p = dockerd
			}
			part := Finder{Files: Files{Root: engine(t, tt.answer)}}.Look(context.Background(), p, at)
			if got := part.Container.String(); got != tt.want || part.Role != tt.role {
				t.Errorf("%s, role %d; want %s, role %d", got, part.Role, tt.want, tt.role)
			}
		})
	}
}

// An engine that hangs holds nobody up: what the process itself says has to do.
func TestLookDoesNotWaitForDocker(t *testing.T) {
	begin := time.Now()
	part := Finder{Files: Files{Root: engine(t, "")}}.Look(context.Background(), process(dockerProxy, "/usr/sbin/docker-proxy", "/", 0), Listening{})
	if took := time.Since(begin); took > limit+time.Second {
		t.Errorf("it took %s", took)
	}
	if part.Role != Port || part.To != "172.17.0.2:80" || part.Container.Name != "" {
		t.Errorf("%+v", part)
	}
}

// What a process is hangs on no answer: whoever is taken for less than a container's main process may be ended.
func TestLookKnowsTheMainProcessWithoutDocker(t *testing.T) {
	first := process("java -jar app.jar", "/usr/bin/java", "/docker/"+id1, 0) // in the host's pid namespace
	first.PID, first.InnerPID, first.Parent = 4000, 4000, os.Getpid()
	late, cancel := context.WithCancel(t.Context())
	cancel()
	for name, ctx := range map[string]context.Context{"it does not answer": t.Context(), "nobody is asked": late} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			part := Finder{Files: Files{Root: engine(t, "")}}.Look(ctx, first, Listening{})
			if part.Role != Main || part.Container.ID != id1 {
				t.Errorf("%+v", part)
			}
			if took := time.Since(begin); ctx == late && took > limit {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestPublisher(t *testing.T) {
	at := func(addr string, port uint16) Listening { return Listening{"tcp", netip.MustParseAddr(addr), port} }
	all, err := parseContainers([]byte(`[{"Id":"` + id1 + `","Names":["/a"],"Ports":[{"IP":"127.0.0.1","PublicPort":80,"Type":"tcp"},{"IP":"0.0.0.0","PublicPort":53,"Type":"udp"}]},` +
		`{"Id":"` + id2 + `","Names":["/b"],"Ports":[{"IP":"10.0.0.1","PublicPort":80,"Type":"tcp"},{"IP":"","PublicPort":81,"Type":"tcp"}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		at   Listening
		want string
	}{
		{"two have the port, each on its own address", at("10.0.0.1", 80), "b"},
		{"on an address of neither, it cannot be told", at("0.0.0.0", 80), ""},
		{"one has it, on no address that is named", at("0.0.0.0", 81), "b"},
		{"another protocol", at("0.0.0.0", 53), ""},
		{"nobody", at("0.0.0.0", 82), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, ok := publisher(all, tt.at)
			if c.name() != tt.want || ok != (tt.want != "") {
				t.Errorf("%q, %v; want %q", c.name(), ok, tt.want)
			}
		})
	}
}

// What answers at docker's socket may be anything.
func FuzzDockerAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.0 200 OK\r\n\r\n" + listWeb))
	f.Add([]byte("HTTP/1.1 200\r\n\r\n[{}]"))
	f.Add([]byte("HTTP/1.0 500 x\r\n\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		text, err := body(answer)
		if err != nil {
			return
		}
		all, err := parseContainers(text)
		if err != nil {
			return
		}
		for _, c := range all {
			if !isID(c.ID) || c.name() != "" && !plain(c.name()) {
				t.Errorf("%+v", c)
			}
		}
		publisher(all, Listening{"tcp", netip.IPv4Unspecified(), 30010})
	})
}
