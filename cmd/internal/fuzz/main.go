// Command fuzz runs every fuzz target of the module, several at once, and judges more than go test does: an input may not
// crash a target, and it may not take more than a second or 64 MiB either.
//
//	go run ./cmd/internal/fuzz [-time 10m] [-lanes 2] [-only REGEXP] [-write docs/proof.md]
//
// Each package's test binary is built once, with the instrumentation of go test -fuzz. An input that fails is in the
// package's testdata/fuzz afterwards, as after go test -fuzz, and go test runs it from then on. Inputs that reach new code
// are kept in go's cache: the next run starts from them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"sync"
	"syscall"
	"time"

	"portguard/cmd/internal/measured"
)

func main() {
	each := flag.Duration("time", 10*time.Minute, "how `long` each target is run")
	lanes := flag.Int("lanes", 2, "how many targets are run at once")
	only := flag.String("only", "", "only targets whose PACKAGE.NAME matches this `REGEXP`")
	write := flag.String("write", "", "put the table into this `FILE`, between its markers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, *each, *lanes, *only, *write); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, each time.Duration, lanes int, only, write string) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "portguard-fuzz-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	targets, err := findTargets(ctx, pattern)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return fmt.Errorf("no target matches %q", only)
	}
	cache, err := goOutput(ctx, "env", "GOCACHE")
	if err != nil {
		return err
	}
	binaries, err := buildAll(ctx, dir, targets)
	if err != nil {
		return err
	}

	results := make([]result, len(targets))
	next := make(chan int)
	var wg sync.WaitGroup
	for range max(lanes, 1) {
		wg.Go(func() {
			for i := range next {
				results[i] = insist(ctx, targets[i], binaries[targets[i].pkg], cache, each)
				fmt.Println(results[i])
			}
		})
	}
	for i := range targets {
		next <- i
	}
	close(next)
	wg.Wait()

	if err := ctx.Err(); err != nil {
		return err
	}
	text := table(results, each)
	fmt.Println("\n" + text)
	if write != "" {
		if err := measured.Write(write, "fuzz", text); err != nil {
			return err
		}
	}
	failed := 0
	for _, r := range results {
		if r.failure != "" {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d targets have failed", failed, len(results))
	}
	return nil
}
