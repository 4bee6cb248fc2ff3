// Command demo replays in a few seconds what portguard is for, with real sockets: a connection pool is given a service's port
// by the kernel, and the service starts all the same. It does so in a network namespace of its own, or on loopback where
// none can be had.
//
//	go run ./cmd/internal/demo
//	go run ./cmd/internal/demo -record docs/demo    writes docs/demo.cast (asciinema) and docs/demo.svg
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	var err error
	switch filepath.Base(os.Args[0]) { // the programs of the story are this one, by other names
	case "order":
		err = order(os.Args[1:])
	case "billing":
		err = billing(os.Args[1:])
	default:
		record := flag.String("record", "", "record the demo as `NAME`.cast and NAME.svg")
		flag.Parse()
		switch {
		case flag.NArg() > 0:
			flag.Usage()
			os.Exit(2)
		case *record != "":
			err = recordTo(*record)
		default:
			err = play()
		}
	}
	if err != nil {
		if exit := new(exec.ExitError); !errors.As(err, &exit) { // who exits has said why
			fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		}
		os.Exit(1)
	}
}
