//go:build amd64 || arm64

// Command first is a service whose first instructions tell the time: it writes CLOCK_MONOTONIC (struct timespec) to stdout
// and ends, before there is any Go runtime. The linker has to be told so: -ldflags=-E=main.entry.
package main

// entry is the program. Nothing calls it: it has no return address.
//
//lint:ignore U1000 the linker's -E names it
func entry()

func main() { panic("linked without -E=main.entry") }
