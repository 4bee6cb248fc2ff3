package sockdiag

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// udpCrowd makes more sockets than the kernel lists in one datagram.
func udpCrowd(t *testing.T) (n int) {
	t.Helper()
	for range 600 {
		bind(t, udp4(t), "127.0.0.1:0")
		n++
	}
	return n
}

func TestLongAnswerIsWhole(t *testing.T) {
	n := udpCrowd(t)
	if got := len(dump(t, Query{Protocol: udpProto})); got != n {
		t.Errorf("%d sockets, want %d", got, n)
	}
}

func TestTruncatedAnswerIsAnError(t *testing.T) {
	n := udpCrowd(t)
	c := dial(t)
	whole := c.buf
	c.buf = whole[:2000]
	sockets, err := c.Dump(t.Context(), Query{Protocol: udpProto})
	if !errors.Is(err, errIncomplete) || sockets != nil {
		t.Errorf("%d sockets, error %v; want none and %v", len(sockets), err, errIncomplete)
	}
	c.buf = whole
	if sockets, err := c.Dump(t.Context(), Query{Protocol: udpProto}); err != nil || len(sockets) != n {
		t.Errorf("afterwards: %d sockets, error %v; want %d", len(sockets), err, n)
	}
}

func TestAbandonedAnswerIsNotMixedIntoTheNext(t *testing.T) {
	n := udpCrowd(t)
	c := dial(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := c.exchange(ctx, dumpRequest(Query{Protocol: udpProto, Family: unix.AF_INET}, nil), func([]byte) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want %v", err, context.Canceled)
	}
	if sockets, err := c.Dump(t.Context(), Query{Protocol: udpProto}); err != nil || len(sockets) != n {
		t.Errorf("afterwards: %d sockets, error %v; want %d", len(sockets), err, n)
	}
}

func TestLateAnswerToAnEarlierRequestIsPassedOver(t *testing.T) {
	listen(t, tcp4(t), "127.0.0.1:30120")
	c := dial(t)
	noSocket := socketRequest(msgByFamily, 0, Socket{Protocol: tcpProto, Family: unix.AF_INET, State: Listen}, 0)
	req := dumpRequest(Query{Protocol: tcpProto, Family: unix.AF_INET, States: MaskOf(Listen)}, nil)
	if err := c.socket.Send(noSocket); err != nil { // answered by ENOENT
		t.Fatal(err)
	}
	if err := c.socket.Send(req); err != nil {
		t.Fatal(err)
	}
	records := 0
	if err := c.answer(t.Context(), req, func([]byte) error { records++; return nil }); err != nil || records == 0 {
		t.Errorf("%d records, error %v", records, err)
	}
}

func TestSilentKernelIsNotWaitedForForever(t *testing.T) {
	c := dial(t) // nothing asked, so nothing comes
	begun := time.Now()
	for name, wait := range map[string]struct {
		call func() error
		want error
	}{
		"patience": {func() error { return await(t.Context(), c.socket.GetFd(), 30*time.Millisecond) }, os.ErrDeadlineExceeded},
		"deadline": {func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			_, err := c.next(ctx)
			return err
		}, context.DeadlineExceeded},
		"cancelled": {func() error {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(30*time.Millisecond, cancel)
			_, err := c.next(ctx)
			return err
		}, context.Canceled},
		"cancelled before": {func() error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := c.Dump(ctx, Query{Protocol: udpProto})
			return err
		}, context.Canceled},
	} {
		if err := wait.call(); !errors.Is(err, wait.want) {
			t.Errorf("%s: got %v, want %v", name, err, wait.want)
		}
	}
	if spent := time.Since(begun); spent > patience {
		t.Errorf("took %v", spent)
	}
}

func TestConcurrentRequestsTakeTurns(t *testing.T) {
	bind(t, udp4(t), "127.0.0.1:30010")
	c := dial(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				s, err := c.Dump(t.Context(), Query{Protocol: udpProto, Ports: port(30010)})
				if err != nil || len(s) != 1 {
					t.Errorf("%d sockets, error %v", len(s), err)
				}
			}
		})
	}
	wg.Wait()
}

func TestClosedConnSaysSo(t *testing.T) {
	c := dial(t)
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, err := c.Dump(t.Context(), Query{Protocol: udpProto}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Dump after Close: %v, want %v", err, os.ErrClosed)
	}
}
