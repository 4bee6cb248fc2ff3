package sockdiag

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPrograms(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("written down for little-endian machines")
	}
	for _, tt := range []struct {
		name   string
		ranges []PortRange
		named  bool
		want   string
	}{
		{"everything", nil, false, ""},
		{"named", nil, true, "06040800 01040800"},
		{"one port", []PortRange{{25001, 25001}}, false,
			"02081400 0000a961 03080c00 0000a961"},
		{"one range", []PortRange{{25001, 25004}}, false,
			"02081400 0000a961 03080c00 0000ac61"},
		{"two ranges: a jump over the second", []PortRange{{25001, 25004}, {25006, 25006}}, false,
			"02082800 0000a961 03080c00 0000ac61 01041400" +
				"02081400 0000ae61 03080c00 0000ae61"},
		{"three ranges", []PortRange{{1, 2}, {4, 5}, {7, 65535}}, false,
			"02083c00 00000100 03080c00 00000200 01042800" +
				"02082800 00000400 03080c00 00000500 01041400" +
				"02081400 00000700 03080c00 0000ffff"},
		{"named and a range", []PortRange{{25001, 25004}}, true,
			"06040800 01041800" + "02081400 0000a961 03080c00 0000ac61"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := strings.ReplaceAll(tt.want, " ", "")
			if diff := cmp.Diff(want, hex.EncodeToString(bytecode(tt.ranges, tt.named))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The longest jump, and the attribute that holds the program, must fit in 16 bits.
func TestLongestProgram(t *testing.T) {
	const overhead = 16
	if n := len(bytecode(make([]PortRange, maxRanges), true)); n+overhead > math.MaxUint16 {
		t.Errorf("%d bytes", n)
	}
}
