//go:build amd64 || arm64

package prefault

import "unsafe"

// next is as much as a start takes from the heap from here on.
const next = 512 << 10

func init() {
	// Too big for a span that is in use: it lies where the heap grows.
	end := new([16 << 10]byte)
	populate(unsafe.Pointer(end), next)
}

// populate is madvise(MADV_POPULATE_WRITE), Linux 5.14. What is not mapped stays so, and an older kernel does nothing: the
// pages then come one by one. start has to be at the beginning of a page.
func populate(start unsafe.Pointer, length uintptr)
