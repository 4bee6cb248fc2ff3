// Command kernels runs portguard's tests on other kernels, and writes down what works where.
//
//	go run ./cmd/internal/kernels                 every kernel, and the table into docs/kernels.md
//	go run ./cmd/internal/kernels -short 6.1-um   one kernel, what takes minutes left out, no file written
//	go run ./cmd/internal/kernels -chances        what audit tells, against what is counted, and the table into docs/audit.md
//	go run ./cmd/internal/kernels -keep DIRECTORY -resume
//	                                                        go on after a failure: kernels with a whole run are not run again
//
// It needs Debian's apt-get, network access to its suites, and the packages busybox-static, xz-utils and, but for 6.1-um,
// qemu-system-x86. No root, and nothing is installed: each kernel is unpacked into the cache and booted in an emulator, with
// a file system in memory that has the test programs and busybox.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/internal/measured"
)

func main() {
	var o options
	flag.StringVar(&o.cache, "cache", defaultCache(), "keep the unpacked kernels in this `directory`")
	flag.StringVar(&o.keep, "keep", "", "keep what the tests say in this `directory`, a file a kernel")
	flag.BoolVar(&o.resume, "resume", false, "do not run the kernels again of which -keep has a whole run")
	flag.StringVar(&o.document, "document", "", "write the table into this `file`, when every kernel was run, and not into the one that tells of it")
	flag.BoolVar(&o.short, "short", false, "run the short form of the tests")
	chances := flag.Bool("chances", false, "count how often a service loses its port, and not what works")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: kernels [flags] [%s]...\n", strings.Join(names(verdicts(false).lines), "|"))
		fmt.Fprintf(flag.CommandLine.Output(), "       kernels -chances [flags] [%s]...\n", strings.Join(names(lostPorts().lines), "|"))
		flag.PrintDefaults()
	}
	flag.Parse()
	p := verdicts(o.short)
	if *chances {
		p = lostPorts()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	failed, err := run(ctx, o, p, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "kernels:", err)
	}
	if failed || err != nil {
		stop()
		os.Exit(1)
	}
}

type options struct {
	cache, keep, document string
	short, resume         bool
}

func defaultCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "portguard-kernels")
}

// run tests the kernels that are named, or all of them. failed: something went wrong on one of them.
func run(ctx context.Context, o options, p proof, named []string) (failed bool, err error) {
	lines, err := linesOf(p.lines, named)
	if err != nil {
		return false, err
	}
	work, err := os.MkdirTemp("", "portguard-kernels-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(work)
	tests := filepath.Join(work, "tests.cpio")
	if err := buildTests(ctx, p, filepath.Join(work, "tests"), tests, o.short); err != nil {
		return false, err
	}
	m := newMachine(os.Stderr)
	var columns []column
	for _, l := range lines {
		begin := time.Now()
		c, err := testOn(ctx, m, o, l, work, tests)
		if err != nil {
			return true, fmt.Errorf("%s: %w", l.name, err)
		}
		columns = append(columns, c)
		fmt.Printf("%s (%s): %s, %s\n", l.name, c.release, c.summary(), time.Since(begin).Round(time.Second))
		for _, name := range c.failures() {
			failed = true
			fmt.Printf("  failed: %s\n", name)
		}
	}
	table := p.table(columns)
	fmt.Print("\n", table)
	if len(named) > 0 || o.short || failed {
		return failed, nil
	}
	return false, measured.Write(cmp.Or(o.document, p.document), p.name, table)
}

// testOn boots one kernel and reads what the tests said there.
func testOn(ctx context.Context, m *machine, o options, l line, work, tests string) (column, error) {
	said := filepath.Join(work, "said")
	if o.keep != "" {
		if err := os.MkdirAll(o.keep, 0o755); err != nil {
			return column{}, err
		}
		said = filepath.Join(o.keep, l.name+".log")
	}
	if !o.resume || !isWhole(said) {
		kernel, err := l.fetch(ctx, o.cache)
		if err != nil {
			return column{}, err
		}
		image := filepath.Join(work, "initrd")
		if err := l.image(ctx, kernel, tests, image); err != nil {
			return column{}, err
		}
		if err := m.boot(ctx, l, kernel, image, said); err != nil {
			return column{}, err
		}
	}
	text, err := os.ReadFile(said)
	if err != nil {
		return column{}, err
	}
	return readColumn(ctx, l, string(text))
}
