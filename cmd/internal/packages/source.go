package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// source is what is built.
type source struct {
	root       string // of the module
	date       time.Time
	repository bool // the Go command can stamp the commit into the programs
	maintainer string
}

func findSource(maintainer string) (source, error) {
	s := source{maintainer: maintainer}
	mod, err := output(exec.Command("go", "env", "GOMOD"))
	if err != nil {
		return s, err
	}
	s.root = filepath.Dir(mod)
	commit, err := lastCommit(s.root)
	s.repository = err == nil
	seconds, author, _ := strings.Cut(commit, " ")
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds = epoch
	}
	if seconds == "" {
		return s, fmt.Errorf("how old is the source? %w; without it: SOURCE_DATE_EPOCH=$(date +%%s) go run ./cmd/internal/packages %s", err, strings.Join(os.Args[1:], " "))
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return s, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	s.date = time.Unix(unix, 0).UTC()
	if s.maintainer == "" {
		s.maintainer = author
	}
	if s.maintainer == "" {
		s.maintainer = "The portguard authors <portguard@localhost>"
	}
	return s, nil
}

// lastCommit is the time and the author of the last commit.
func lastCommit(dir string) (string, error) {
	git := exec.Command("git", "-C", dir, "log", "-1", "--format=%ct %an <%ae>")
	git.Env = append(os.Environ(), "LC_ALL=C")
	var said strings.Builder
	git.Stderr = &said
	commit, err := git.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", errors.New("git is not installed")
	}
	if err != nil {
		first, _, _ := strings.Cut(said.String(), "\n") // "fatal: not a git repository", "fatal: detected dubious ownership"
		return "", fmt.Errorf("git says: %s", strings.TrimPrefix(first, "fatal: "))
	}
	return strings.TrimSpace(string(commit)), nil
}

// golang runs a command of the Go tool in the module, with an environment in which nothing changes what is built.
func (s source) golang(env []string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = s.root
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0",
		fmt.Sprintf("SOURCE_DATE_EPOCH=%d", s.date.Unix()))
	cmd.Env = append(cmd.Env, env...)
	return output(cmd)
}

// output is what a command says on stdout, without the end of its last line.
func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, exit.Stderr)
	}
	return strings.TrimSuffix(string(out), "\n"), err
}
