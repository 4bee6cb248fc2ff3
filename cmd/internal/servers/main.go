// Command servers starts real servers with portguard and without, and writes down how each of them meets a taken port.
//
//	go run ./cmd/internal/servers                      every server, and what came out into docs/servers.md
//	go run ./cmd/internal/servers -lanes 4 nginx redis some of them, no file written
//	go run ./cmd/internal/servers -keep FILE           go on where FILE says that it ended
//
// It needs root, Debian's mmdebstrap and network access to Debian's suites: the servers are installed into root directories of
// their releases, in the cache, and started by those releases' systemd. Nothing else on this machine changes.
//
// An entry is a file in entries/: what is installed, started, asked. Each is started alone; while a client has its port; behind --share
// then; behind the placeholder; and behind what `portguard unit install` writes by itself.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

func main() {
	// The children's parent death signal comes when the thread ends that has started them.
	runtime.LockOSThread()
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "servers:", err)
		os.Exit(1)
	}
}

func serve(args []string) error {
	if len(args) == 3 && args[0] == "listen" { // it ends like any other server
		return listen(args[1], args[2])
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	switch {
	case len(args) > 1 && args[0] == "inside":
		return inside(ctx, args[1], len(args) > 2)
	case len(args) == 1 && args[0] == "launch":
		return launchInside(ctx)
	case len(args) == 1 && args[0] == "version":
		fmt.Println(runtime.Version())
		return nil
	}
	var o options
	fs := flag.NewFlagSet("servers", flag.ExitOnError)
	fs.StringVar(&o.cache, "cache", defaultCache(), "keep the root directories in this `directory`")
	fs.StringVar(&o.keep, "keep", "", "keep results in this `file`, and do not survey again what is in it")
	fs.StringVar(&o.release, "release", "", "survey on this `release` alone, and write no document")
	fs.IntVar(&o.lanes, "lanes", 3, "survey so many servers at once")
	_ = fs.Parse(args) // it exits by itself
	return surveyAll(ctx, o, fs.Args())
}

type options struct {
	cache, keep, release string
	lanes                int
}

func defaultCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "portguard-servers")
}

// inside surveys one server, on the machine that it is on, and writes the result to stdout.
func inside(ctx context.Context, name string, short bool) error {
	all, err := entries()
	if err != nil {
		return err
	}
	if all, err = named(all, []string{name}); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(survey(ctx, all[0], short))
}
