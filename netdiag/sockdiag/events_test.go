package sockdiag

import (
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func subscribeTo(t *testing.T, ports []PortRange) *Events {
	t.Helper()
	e, err := Subscribe(ports)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	collect(t, e, 0) // events come a moment after the close: those of earlier tests must not be taken for ours
	return e
}

// collect waits until want events have come, and a little longer for any that should not.
func collect(t *testing.T, e *Events, want int) (total int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		wait := time.Until(deadline)
		if total >= want {
			wait = 50 * time.Millisecond
		}
		fds := []unix.PollFd{{Fd: int32(e.FD()), Events: unix.POLLIN}}
		ready, err := unix.Poll(fds, int(wait.Milliseconds()))
		if err != nil && err != unix.EINTR {
			t.Fatal(err)
		}
		n, lost, err := e.Drain()
		if err != nil || lost {
			t.Fatalf("lost %v, error %v", lost, err)
		}
		total += n
		if ready == 0 && err == nil && total >= want {
			break
		}
	}
	return total
}

func TestEventComesWhenASocketGoes(t *testing.T) {
	for _, tt := range []struct {
		name string
		open func(t *testing.T) int // on port 30300
	}{
		{"TCP listener", func(t *testing.T) int { return listen(t, tcp4(t), "127.0.0.1:30300") }},
		{"TCP listener, IPv6", func(t *testing.T) int { return listen(t, tcp6(t), "[::1]:30300") }},
		{"bound and idle", func(t *testing.T) int { return bind(t, tcp4(t), "127.0.0.1:30300") }},
		{"UDP", func(t *testing.T) int { return bind(t, udp4(t), "127.0.0.1:30300") }},
		{"UDP, IPv6", func(t *testing.T) int {
			return bind(t, open(t, unix.AF_INET6, unix.SOCK_DGRAM, 0), "[::1]:30300")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd := tt.open(t)
			e := subscribeTo(t, port(30300))
			if n := collect(t, e, 0); n != 0 {
				t.Fatalf("%d events while it is open", n)
			}
			closeNow(t, fd)
			if n := collect(t, e, 1); n != 1 {
				t.Errorf("%d events, want 1", n)
			}
		})
	}
}

// A program that waits for a port tries to bind it: the end of the socket that failed must not wake it again.
func TestNoEventOfASocketThatNeverHadAPort(t *testing.T) {
	e := subscribeTo(t, port(30300))
	closeNow(t, tcp4(t))
	if n := collect(t, e, 0); n != 0 {
		t.Errorf("%d events, want none", n)
	}
}

func TestEventsAreThoseOfThePortsAskedFor(t *testing.T) {
	evenPorts := make([]PortRange, 0, 5000)
	for p := uint16(30000); p < 40000; p += 2 {
		evenPorts = append(evenPorts, PortRange{p, p})
	}
	for _, tt := range []struct {
		name  string
		ports []PortRange
		want  int // of 30310 to 30319, closed once each
	}{
		{"any", nil, 10},
		{"none", []PortRange{}, 0},
		{"one", port(30313), 1},
		{"the ends of a range are in it", []PortRange{{30312, 30315}}, 4},
		{"several", []PortRange{{30319, 30319}, {30310, 30311}, {30316, 30316}}, 4},
		{"more than a filter takes: neighbours too", evenPorts, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var fds []int
			for p := uint16(30310); p < 30320; p++ {
				fds = append(fds, bind(t, udp4(t), at("127.0.0.1", p)))
			}
			e := subscribeTo(t, tt.ports)
			for _, fd := range fds {
				closeNow(t, fd)
			}
			if n := collect(t, e, tt.want); n != tt.want {
				t.Errorf("%d events, want %d", n, tt.want)
			}
		})
	}
}

func TestLostEventsAreReportedOnce(t *testing.T) {
	e := subscribeTo(t, nil)
	setOption(t, e.FD(), unix.SOL_SOCKET, unix.SO_RCVBUF, 1) // as little as the kernel allows
	for range 100 {
		closeNow(t, bind(t, udp4(t), "127.0.0.1:0"))
	}
	n, anyLost := 0, false
	eventually(t, "events are lost", func() bool {
		drained, lost, err := e.Drain()
		if err != nil {
			t.Fatal(err)
		}
		n, anyLost = n+drained, anyLost || lost
		return anyLost
	})
	if n >= 100 {
		t.Errorf("%d events and yet some lost", n)
	}

	time.Sleep(20 * time.Millisecond)
	if _, _, err := e.Drain(); err != nil {
		t.Fatal(err)
	}
	closeNow(t, bind(t, udp4(t), "127.0.0.1:0"))
	if n := collect(t, e, 1); n != 1 {
		t.Errorf("afterwards: %d events, want 1", n)
	}
}

func TestClosedEventsSaySo(t *testing.T) {
	e := subscribeTo(t, nil)
	for range 2 {
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, _, err := e.Drain(); !errors.Is(err, os.ErrClosed) || e.FD() != -1 {
		t.Errorf("FD %d, Drain: %v; want -1, %v", e.FD(), err, os.ErrClosed)
	}
}
