// Command demo replays in a few seconds what portguard is for, with real sockets on loopback: a connection pool is given a
// service's port by the kernel, and the service starts all the same.
//
//	go run ./cmd/portguard/internal/demo
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "pool":
		err = pool(os.Args[2])
	case len(os.Args) == 3 && os.Args[1] == "service":
		err = service(os.Args[2])
	default:
		err = demo()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo() error {
	dir, err := os.MkdirTemp("", "portguard-demo")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	portguard := filepath.Join(dir, "portguard")
	build := exec.Command("go", "build", "-ldflags=-E portguard/wrapper/become.entry", "-o", portguard, "portguard/cmd/portguard")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}

	redis, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	say("a connection pool connects to a server at " + redis.Addr().String())
	client, stop, err := start(os.Args[0], "pool", redis.Addr().String())
	if err != nil {
		return err
	}
	defer stop()
	conn, err := redis.Accept()
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(conn.RemoteAddr().String())
	say("the kernel gave its end of the connection port " + port + ", which is our service's; who has it?")
	if code := run(portguard, "-p", port); code != 69 {
		return fmt.Errorf("portguard exits %d, not 69", code)
	}

	say("start the service beside the connection, and cut nothing")
	if code := run(portguard, "--share", "-p", port); code != 0 {
		return fmt.Errorf("portguard exits %d; sharing takes root, or Yama's ptrace_scope 0 for one's own processes", code)
	}
	fmt.Printf("$ portguard --share -p %s -- service\n", port)
	lines, stopService, err := start(portguard, "--share", "-p", port, "--", os.Args[0], "service", port)
	if err != nil {
		return err
	}
	defer stopService()
	if _, err := lines.ReadString('\n'); err != nil {
		return fmt.Errorf("the service did not start: %w", err)
	}
	answer, err := get("http://127.0.0.1:" + port + "/")
	if err != nil {
		return err
	}
	fmt.Printf("GET http://127.0.0.1:%s/: %s\n", port, answer)

	fmt.Fprintln(conn, "still there?")
	reply, err := client.ReadString('\n')
	if err != nil {
		return fmt.Errorf("the pool's connection is broken: %w", err)
	}
	fmt.Printf("the pool, on its old connection: %s", reply)
	return nil
}

// pool keeps one connection, and tells on stdout what comes in.
func pool(server string) error {
	conn, err := net.Dial("tcp4", server)
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, conn)
	return err
}

// service is a web server on every address.
func service(port string) error {
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return err
	}
	l, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return err
	}
	fmt.Println("listening")
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello from the service") }))
}

func get(url string) (string, error) {
	client := http.Client{Timeout: 5 * time.Second}
	res, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func say(line string) { fmt.Printf("\n# %s\n", line) }

// run shows a command and what it prints, and returns its exit status.
func run(path string, args ...string) int {
	fmt.Printf("$ portguard %s\n", strings.Join(args, " "))
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return -1
	}
	return cmd.ProcessState.ExitCode()
}

// start runs a command that goes on; stop ends it.
func start(path string, args ...string) (stdout *bufio.Reader, stop func(), err error) {
	cmd := exec.Command(path, args...)
	cmd.Stderr = os.Stdout
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	return bufio.NewReader(out), func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}, nil
}
