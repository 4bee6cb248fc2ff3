package sockdiag

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLookupFindsWhatDumpFound(t *testing.T) {
	zoo(t, 7103)
	// Two on one port: by its address alone the kernel would find but one of them.
	for range 2 {
		fd := tcp4(t)
		setOption(t, fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		listen(t, fd, "0.0.0.0:30108")
		fd = udp4(t)
		setOption(t, fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		bind(t, fd, "127.0.0.1:30108")
	}
	c := dial(t)
	for _, protocol := range []uint8{tcpProto, udpProto} {
		for _, want := range dump(t, Query{Protocol: protocol, Info: true}) {
			got, err := c.Lookup(t.Context(), want)
			if err != nil {
				t.Errorf("%s: %v", want.State, err)
				continue
			}
			if diff := sameSockets([]Socket{want}, []Socket{got}); diff != "" {
				t.Errorf("(-dump +lookup):\n%s", diff)
			}
		}
	}
}

func TestLookupOfWhatIsGone(t *testing.T) {
	for _, tt := range []struct {
		name string
		open func(t *testing.T) int
		q    Query
	}{
		{"listener", func(t *testing.T) int { return listen(t, tcp4(t), "127.0.0.1:30110") }, tcpOn(30110)},
		{"UDP", func(t *testing.T) int { return bind(t, udp4(t), "127.0.0.1:30110") },
			Query{Protocol: udpProto, Ports: port(30110)}},
		{"bound and idle", func(t *testing.T) int {
			needBoundInactive(t)
			return bind(t, tcp4(t), "127.0.0.1:30111")
		}, tcpOn(30111)},
		{"connection", func(t *testing.T) int {
			client, _ := connected(t, 30112, 7002)
			setLinger0(t, client)
			return client
		}, tcpOn(30112)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd := tt.open(t)
			s := one(t, tt.q)
			c := dial(t)

			other := s
			other.Cookie++
			if _, err := c.Lookup(t.Context(), other); !errors.Is(err, ErrGone) {
				t.Errorf("another's cookie: %v, want %v", err, ErrGone)
			}
			closeNow(t, fd)
			if _, err := c.Lookup(t.Context(), s); !errors.Is(err, ErrGone) || errors.Is(err, ErrUnsupported) {
				t.Errorf("closed: %v, want %v", err, ErrGone)
			}
		})
	}
}

// setLinger0 makes close() send a reset, so that nothing remains.
func setLinger0(t *testing.T, fd int) {
	t.Helper()
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		t.Fatal(err)
	}
}
