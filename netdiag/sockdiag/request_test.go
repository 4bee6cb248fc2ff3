package sockdiag

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// A request names a socket in the same bytes as a record does.
func TestRequestNamesTheSocketOfARecord(t *testing.T) {
	v6 := record()
	v6[0] = unix.AF_INET6
	for i := range 32 {
		v6[8+i] = byte(i + 1)
	}
	for name, b := range map[string][]byte{"IPv4": record(), "IPv6": v6} {
		s, err := parseMessage(b)
		if err != nil {
			t.Fatal(err)
		}
		id := sockIDOf(s)
		if diff := cmp.Diff(b[4:52], id[:]); diff != "" {
			t.Errorf("%s (-record +request):\n%s", name, diff)
		}
	}
}

func TestRequests(t *testing.T) {
	if !slices.Equal(native.AppendUint16(nil, 1), []byte{1, 0}) {
		t.Skip("written down for little-endian machines")
	}
	const (
		noRest = "0000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
		noID   = "0000 " + noRest
	)
	for _, tt := range []struct {
		name  string
		query Query
		want  string // after the netlink header's length
	}{
		{"every IPv4 TCP socket", Query{Protocol: tcpProto, Family: unix.AF_INET},
			"1400 0103" + "02060000 ffffffff" + noID},
		{"IPv6 UDP with info", Query{Protocol: udpProto, Family: unix.AF_INET6, Info: true},
			"1400 0103" + "0a110200 ffffffff" + noID},
		{"listeners on one port", Query{Protocol: tcpProto, Family: unix.AF_INET, States: MaskOf(Listen), Ports: port(25001)},
			"1400 0103" + "02060000 00040000" + "61a9" + noRest + "1400 0100 02081400 0000a961 03080c00 0000a961"},
		{"two ports", Query{Protocol: udpProto, Family: unix.AF_INET, Ports: []PortRange{{25001, 25002}}},
			"1400 0103" + "02110000 ffffffff" + noID + "1400 0100 02081400 0000a961 03080c00 0000aa61"},
		{"both families: the legacy request", Query{Protocol: tcpProto, States: MaskOf(BoundInactive), Info: true, Named: true},
			"1200 0103" + "00000002" + noID + "00200000 00000000" + "0c00 0100 06040800 01040800"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := dumpRequest(tt.query, tt.query.Ports).Serialize()
			got := hex.EncodeToString(slices.Concat(b[4:8], b[unix.NLMSG_HDRLEN:]))
			if diff := cmp.Diff(strings.ReplaceAll(tt.want, " ", ""), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if n := int(native.Uint32(b)); n != len(b) {
				t.Errorf("length %d, is %d", n, len(b))
			}
		})
	}
}
