// Command bench measures portguard beside what people type today, in a network namespace of its own and under a load of its
// own: 100,000 sockets of 25 processes. Everything is run in turn, A B A B, so that both sides of a ratio have seen the same
// noise; what counts is the ratio of the medians.
//
//	go run ./cmd/internal/bench           all of it, about five minutes; fails when a bar is not held
//	go run ./cmd/internal/bench -write    the same, and the table goes into docs/speed.md
//	go run ./cmd/internal/bench -many     a thousand ports, ten thousand, and ports with thousands of sockets: two minutes
//	go run ./cmd/internal/bench -scale    a million sockets, and audit of a thousand services: ten minutes
//	go run ./cmd/internal/bench -busy     each of these beside processes that do nothing but compute, for tables of their own
//	go run ./cmd/internal/bench -short    a few seconds: does it work, and is every owner named?
//
// It needs root, a cgroup v2 hierarchy that may be written, and the Debian packages that it names when they are missing.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/cmd/internal/measured"
	"portguard/netdiag/nstest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "load":
			return loadFromArgs(os.Args[2:])
		case "share":
			return beSharer(os.Args[2])
		case "accepted":
			return acceptedFromArgs(os.Args[2:])
		case "compute":
			compute()
		}
	}
	short := flag.Bool("short", false, "a small load and few rounds: only bars on growth and on processor time count, and every report has to be right")
	many := flag.Bool("many", false, "only many ports, and many sockets on one: two minutes")
	scale := flag.Bool("scale", false, "only a million sockets, and audit of a thousand services: ten minutes")
	besides := flag.Bool("busy", false, "beside two processes for each processor that do nothing but compute; with -write, into tables of their own")
	write := flag.Bool("write", false, "write the table into docs/speed.md")
	flag.Parse()
	dir := os.Getenv(programsEnv)
	if dir == "" {
		return outside()
	}
	b := &bench{plan: newPlan(*short), programs: programsIn(dir)}
	measure, section := b.measure, "speed"
	switch {
	case *many:
		measure, section = b.measureMany, "many"
	case *scale:
		measure, section = b.measureScale, "scale"
	}
	if *besides {
		others, err := startBusy()
		defer others.stop()
		if err != nil {
			return err
		}
	}
	if err := measure(); err != nil {
		return err
	}
	text := table(b.rows)
	fmt.Print(text)
	if *write {
		root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
		if err != nil {
			return err
		}
		path := filepath.Join(strings.TrimSpace(string(root)), "docs", "speed.md")
		of := machine(os.Getenv(loadEnv), section == "speed", b.plan, *besides)
		if *besides {
			section += "-busy"
		}
		if err := measured.Write(path, section, of+"\n"+text); err != nil {
			return err
		}
	}
	over := 0
	for _, r := range b.rows {
		if b.short && !r.passedShort() || !b.short && !r.passed() {
			over++
		}
	}
	if over > 0 {
		return fmt.Errorf("%d bars are not held", over)
	}
	return nil
}

// What the run in the namespace is told by the one outside: where the programs are, and how busy the host was before.
const (
	programsEnv = "PORTGUARD_BENCH_PROGRAMS"
	loadEnv     = "PORTGUARD_BENCH_LOADAVG"
)

// outside prepares what cannot be had in the namespace, where no module could be downloaded, and runs the rest there.
func outside() error {
	if err := errors.Join(peers(), closeInherited()); err != nil {
		return err
	}
	loadavg, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err
	}
	load, _, _ := strings.Cut(string(loadavg), " ")
	dir, err := os.MkdirTemp("", "portguard-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := programsIn(dir).build(); err != nil {
		return err
	}
	return nstest.Enter(programsEnv+"="+dir, loadEnv+"="+load)
}

func loadFromArgs(args []string) error {
	number, connections, err := numbers(args)
	if err != nil {
		return err
	}
	return beLoad(number, connections, strings.Join(args[2:], ""))
}

func acceptedFromArgs(args []string) error {
	number, connections, err := numbers(args)
	if err != nil {
		return err
	}
	return beAccepted(number, connections)
}

// numbers are the number of a process, and that of its connections.
func numbers(args []string) (number, connections int, err error) {
	number, err1 := strconv.Atoi(args[0])
	connections, err2 := strconv.Atoi(args[1])
	return number, connections, errors.Join(err1, err2)
}

// measureMany is for a table of its own. -short has nearly all of it, in one.
func (b *bench) measureMany() error {
	if err := errors.Join(nstest.LoopbackUp(), pickAny()); err != nil {
		return err
	}
	if err := b.many(); err != nil {
		return err
	}
	return b.sharedByAll()
}

// measure goes through all cases. The load ends before the waits are measured.
func (b *bench) measure() error {
	if err := errors.Join(nstest.LoopbackUp(), pickAny()); err != nil {
		return err
	}
	if err := b.idle(); err != nil {
		return err
	}
	if err := withLoad(b.processes, b.connections, b.loaded); err != nil {
		return err
	}
	if err := errors.Join(b.waiting(), b.resting()); err != nil {
		return err
	}
	if b.short {
		return errors.Join(b.size(), b.many())
	}
	return b.size()
}

// machine says what the table was measured on. load is how busy it was with other things.
func machine(load string, crowd bool, p plan, besides bool) string {
	var u unix.Utsname
	_ = unix.Uname(&u) // it fails for bad addresses only
	sockets := ""
	if crowd {
		sockets = fmt.Sprintf("; %d sockets in %d processes", 2*p.connections, p.processes)
	}
	if besides {
		load += " before, and two processes for each processor that do nothing but compute"
	} else {
		load += " before"
	}
	return fmt.Sprintf("Linux %s, %d processors, load average %s%s. Ratios of medians, and the interval of 95 in 100 repetitions.\n",
		unix.ByteSliceToString(u.Release[:]), runtime.NumCPU(), load, sockets)
}
