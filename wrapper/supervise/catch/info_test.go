package catch

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// valued is a signal as sigqueue(3) makes it.
func valued(sig unix.Signal, value uint64) Info {
	i := Plain(sig)
	i.set(offsetCode, -1) // SI_QUEUE
	i.set(offsetPID, int32(os.Getpid()))
	binary.NativeEndian.PutUint64(i[offsetValue:], value)
	return i
}

// Where these are on 64 bits.
const (
	offsetPID   = 16
	offsetValue = 24
)

func TestInfo(t *testing.T) {
	withCode := func(code int32) Info {
		i := Plain(unix.SIGCHLD)
		i.set(offsetCode, code)
		return i
	}
	type told struct {
		Signal       unix.Signal
		Sent, Queued bool
	}
	for _, tt := range []struct {
		name string
		info Info
		want told
	}{
		{"by kill(2)", Plain(unix.SIGHUP), told{unix.SIGHUP, true, false}},
		{"by tgkill(2), SI_TKILL", withCode(-6), told{unix.SIGCHLD, true, false}},
		{"by sigqueue(3), SI_QUEUE", valued(40, 1), told{40, true, true}},
		{"by a timer of POSIX, SI_TIMER", withCode(-2), told{unix.SIGCHLD, true, true}},
		{"by the end of a child, CLD_EXITED", withCode(1), told{unix.SIGCHLD, false, false}},
		{"by the kernel, SI_KERNEL", fromKernel(unix.SIGINT), told{unix.SIGINT, false, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := told{tt.info.Signal(), tt.info.Sent(), tt.info.queued()}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
