package sockdiag

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestErrorKinds(t *testing.T) {
	for _, tt := range []struct {
		name              string
		op                Op
		err               error
		unsupported, gone bool
	}{
		{"no module for this protocol", OpDump, unix.ENOENT, true, false},
		{"the socket is gone", OpLookup, unix.ENOENT, false, true},
		{"nothing to destroy", OpDestroy, unix.ENOENT, false, true},
		{"kernel cannot destroy", OpDestroy, unix.EOPNOTSUPP, true, false},
		{"no CAP_NET_ADMIN", OpDestroy, unix.EPERM, true, false},
		{"MPTCP listener", OpDestroy, unix.EINVAL, false, false},
		{"RestrictAddressFamilies=", OpDial, unix.EAFNOSUPPORT, true, false},
		{"no NETLINK_SOCK_DIAG", OpDial, unix.EPROTONOSUPPORT, true, false},
		{"seccomp", OpDial, unix.ENOSYS, true, false},
		{"security module", OpSubscribe, unix.EACCES, true, false},
		{"out of descriptors", OpDial, unix.EMFILE, false, false},
		{"interrupted", OpDump, errIncomplete, false, false},
		{"timed out", OpDump, os.ErrDeadlineExceeded, false, false},
		{"cancelled", OpDump, context.Canceled, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var err error = &Error{Op: tt.op, Protocol: tcpProto, Err: tt.err}
			if got := errors.Is(err, ErrUnsupported); got != tt.unsupported {
				t.Errorf("ErrUnsupported: %v, want %v", got, tt.unsupported)
			}
			if got := errors.Is(err, ErrGone); got != tt.gone {
				t.Errorf("ErrGone: %v, want %v", got, tt.gone)
			}
			if !errors.Is(err, tt.err) {
				t.Errorf("is not %v", tt.err)
			}
		})
	}
}

func TestErrorIsOneClearLine(t *testing.T) {
	for want, err := range map[string]error{
		"sock_diag dial: address family not supported by protocol": &Error{Op: OpDial, Err: unix.EAFNOSUPPORT},
		"sock_diag dump tcp: dump interrupted or truncated":        &Error{Op: OpDump, Protocol: tcpProto, Err: errIncomplete},
		"sock_diag dump protocol 99: no such file or directory":    &Error{Op: OpDump, Protocol: 99, Err: unix.ENOENT},
		"sock_diag destroy udp 127.0.0.1:53 -> 127.0.0.1:7000: operation not permitted": &Error{
			Op: OpDestroy, Protocol: udpProto, Err: unix.EPERM,
			Local: netip.MustParseAddrPort("127.0.0.1:53"), Remote: netip.MustParseAddrPort("127.0.0.1:7000"),
		},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestKernelWithoutAHandlerIsUnsupported(t *testing.T) {
	const noProtocol = 99
	sockets, err := dial(t).Dump(t.Context(), Query{Protocol: noProtocol})
	if !errors.Is(err, ErrUnsupported) || sockets != nil {
		t.Errorf("got %v and %d sockets, want %v", err, len(sockets), ErrUnsupported)
	}
}
