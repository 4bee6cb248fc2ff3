package netdiag

import (
	"encoding/binary"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag/sockdiag"
)

// Captured on a little-endian host.
const procHeading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

const procTCP = procHeading +
	"   0: 0100007F:1B58 00000000:0000 0A 00000000:00000000 00:00000000 00000000   105        0 420008 1 0000000000000000 100 0 0 10 0\n" +
	"   1: 0100007F:A0C6 0100007F:1B58 06 00000000:00000000 03:0000176B 00000000     0        0 0 3 0000000000000000\n"

func TestParseProcNet(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the capture is a little-endian host's")
	}
	got, err := parseProcNet([]byte(procTCP), TCP, unix.AF_INET, map[uint16]bool{7000: true, 41158: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []sockdiag.Socket{
		{Protocol: uint8(TCP), Family: unix.AF_INET, State: sockdiag.Listen, Local: netip.MustParseAddrPort("127.0.0.1:7000"),
			Remote: netip.MustParseAddrPort("0.0.0.0:0"), UID: 105, Inode: 420008},
		{Protocol: uint8(TCP), Family: unix.AF_INET, State: sockdiag.TimeWait, Local: netip.MustParseAddrPort("127.0.0.1:41158"),
			Remote: netip.MustParseAddrPort("127.0.0.1:7000"), Timer: 3, Expires: 59950 * time.Millisecond},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !got[1].Minisock() {
		t.Error("the TIME_WAIT line is not taken for a record without an owner")
	}
}

func TestParseProcNetFaults(t *testing.T) {
	for name, line := range map[string]string{
		"too few fields":     " 0: 0100007F:1B58 00000000:0000 0A",
		"a short address":    " 0: 0100007:1B58 00000000:0000 0A 0:0 00:0 0 0 0 1",
		"no port":            " 0: 0100007F 00000000:0000 0A 0:0 00:0 0 0 0 1",
		"not hexadecimal":    " 0: 010000ZF:1B58 00000000:0000 0A 0:0 00:0 0 0 0 1",
		"a timer by itself":  " 0: 0100007F:1B58 00000000:0000 0A 0:0 00 0 0 0 1",
		"a negative inode":   " 0: 0100007F:1B58 00000000:0000 0A 0:0 00:0 0 0 0 -1",
		"a state too large":  " 0: 0100007F:1B58 00000000:0000 1FF 0:0 00:0 0 0 0 1",
		"an inode too large": " 0: 0100007F:1B58 00000000:0000 0A 0:0 00:0 0 0 0 99999999999",
	} {
		if got, err := parseProcNet([]byte(procHeading+line+"\n"), TCP, unix.AF_INET, nil); err == nil {
			t.Errorf("%s reads as %v, want an error", name, got)
		}
	}
}

func FuzzParseProcNet(f *testing.F) {
	f.Add([]byte(procTCP), false)
	f.Add([]byte(procHeading), true)
	if text, err := os.ReadFile("/proc/net/tcp6"); err == nil {
		f.Add(text, true)
	}
	f.Fuzz(func(t *testing.T, text []byte, v6 bool) {
		family := uint8(unix.AF_INET)
		if v6 {
			family = unix.AF_INET6
		}
		sockets, err := parseProcNet(text, TCP, family, map[uint16]bool{7000: true, 41158: true})
		if err != nil && sockets != nil {
			t.Errorf("an error comes with %d sockets", len(sockets))
		}
		for _, s := range sockets {
			if p := s.Local.Port(); p != 7000 && p != 41158 {
				t.Errorf("port %d was not asked for", p)
			}
		}
	})
}
