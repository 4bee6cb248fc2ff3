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
	"time"
)

// order is the program with the connection pool, of one connection: it says on stdout what comes in.
func order(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: order SERVER")
	}
	conn, err := net.Dial("tcp4", args[0])
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, conn)
	return err
}

// billing is a web server on every address.
func billing(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: billing :PORT")
	}
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	fmt.Println("billing: listening on", args[0])
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello from billing") }))
}

// actor is a program of the story that goes on.
type actor struct {
	cmd    *exec.Cmd
	stdout *bufio.Reader
}

func start(path, name string, args ...string) (*actor, error) {
	cmd := exec.Command(path, args...)
	cmd.Args[0] = name
	cmd.Stderr = os.Stdout
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &actor{cmd, bufio.NewReader(out)}, nil
}

func (a *actor) stop() {
	_ = a.cmd.Process.Kill() // it may have ended
	_ = a.cmd.Wait()
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
