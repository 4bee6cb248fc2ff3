package owner

import (
	"math"
	"testing"

	"golang.org/x/sys/unix"
)

// A process with many sockets, as a busy server is one. The cost is one readlinkat(2) a descriptor; nothing is
// allocated for those that are not wanted.
func BenchmarkFind(b *testing.B) {
	const sockets = 10_000
	limit := unix.Rlimit{}
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < sockets+100 {
		b.Skipf("RLIMIT_NOFILE is %d (%v)", limit.Cur, err)
	}
	for range sockets {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			b.Fatal(err)
		}
		defer closeDir(fd)
	}
	sc, err := Scanner{}.scan()
	if err != nil {
		b.Fatal(err)
	}
	defer sc.close()
	p, err := sc.open(unix.Getpid())
	if err != nil {
		b.Fatal(err)
	}
	defer closeDir(p.dir)
	wanted := map[uint32]bool{math.MaxUint32: true}
	for name, look := range map[string]func(*scratch) error{
		"tables":   func(buf *scratch) error { _, err := sc.openedBy(b.Context(), p, buf, wanted); return err },
		"indirect": func(buf *scratch) error { _, err := sc.keptBy(b.Context(), p, buf, wanted); return err },
	} {
		b.Run(name, func(b *testing.B) {
			buf := new(scratch)
			b.ReportAllocs()
			for b.Loop() {
				if err := look(buf); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/sockets, "ns/descriptor")
		})
	}
}
