package sockdiag

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// datagram is one netlink message, with its padding if padded.
func datagram(kind, flags uint16, seq uint32, padded bool, body ...byte) []byte {
	b := native.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(body)))
	b = native.AppendUint16(b, kind)
	b = native.AppendUint16(b, flags)
	b = native.AppendUint32(b, seq)
	b = append(native.AppendUint32(b, 4711), body...)
	if padded {
		b = append(b, make([]byte, -len(b)&3)...)
	}
	return b
}

func TestNextMessage(t *testing.T) {
	b := slices.Concat(datagram(20, 2, 7, true, 1, 2, 3), datagram(3, 0, 7, true), datagram(2, 0, 8, false, 9))
	want := []message{{20, 2, 7, []byte{1, 2, 3}}, {3, 0, 7, []byte{}}, {2, 0, 8, []byte{9}}}
	var got []message
	for len(b) > 0 {
		m, rest, err := nextMessage(b)
		if err != nil {
			t.Fatal(err)
		}
		got, b = append(got, m), rest
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(message{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMessageFaults(t *testing.T) {
	whole := datagram(20, 2, 7, true, 1, 2, 3, 4)
	size := func(n uint32) []byte {
		b := slices.Clone(whole)
		native.PutUint32(b, n)
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":                 nil,
		"header cut off":          whole[:15],
		"body cut off":            whole[:19],
		"shorter than its header": size(15),
		"of length 0":             size(0),
		"longer than all":         size(21),
		"of the greatest length":  size(1<<32 - 1),
	} {
		if m, _, err := nextMessage(b); err == nil {
			t.Errorf("%s: %+v, want an error", name, m)
		}
	}
}

func TestResults(t *testing.T) {
	result := func(code int32) []byte { return native.AppendUint32(nil, uint32(code)) }
	for _, tt := range []struct {
		name string
		m    message
		want error
	}{
		{"acknowledged", message{kind: unix.NLMSG_ERROR, body: result(0)}, nil},
		{"refused", message{kind: unix.NLMSG_ERROR, body: result(-int32(unix.EPERM))}, unix.EPERM},
		{"end of a dump", message{kind: unix.NLMSG_DONE, body: result(0)}, nil},
		{"end of a dump, without a result", message{kind: unix.NLMSG_DONE}, nil},
		{"dump broken off", message{kind: unix.NLMSG_DONE, body: result(-int32(unix.EMSGSIZE))}, unix.EMSGSIZE},
	} {
		if got := tt.m.errno(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	for _, body := range [][]byte{nil, {1, 2, 3}} {
		if err := (message{kind: unix.NLMSG_ERROR, body: body}).errno(); err == nil {
			t.Errorf("result of %d bytes: no error", len(body))
		}
	}
}

func FuzzNextMessage(f *testing.F) {
	f.Add(datagram(20, 2, 7, false, 1, 2, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			m, rest, err := nextMessage(b)
			if err != nil {
				return
			}
			if len(rest)+unix.NLMSG_HDRLEN+len(m.body) > len(b) {
				t.Fatalf("%d bytes gave a body of %d and a rest of %d", len(b), len(m.body), len(rest))
			}
			_ = m.errno()
			b = rest
		}
	})
}
