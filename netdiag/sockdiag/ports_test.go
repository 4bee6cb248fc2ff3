package sockdiag

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCover(t *testing.T) {
	for _, tt := range []struct {
		name   string
		ranges []PortRange
		limit  int
		want   []PortRange
	}{
		{"none", nil, 4, nil},
		{"one", []PortRange{{80, 80}}, 4, []PortRange{{80, 80}}},
		{"in order", []PortRange{{443, 443}, {80, 90}}, 4, []PortRange{{80, 90}, {443, 443}}},
		{"the same twice", []PortRange{{80, 80}, {80, 80}}, 4, []PortRange{{80, 80}}},
		{"overlapping", []PortRange{{80, 90}, {85, 100}}, 4, []PortRange{{80, 100}}},
		{"one inside another", []PortRange{{80, 90}, {81, 82}, {85, 86}}, 4, []PortRange{{80, 90}}},
		{"touching", []PortRange{{80, 80}, {81, 81}, {82, 90}}, 4, []PortRange{{80, 90}}},
		{"a gap of one port stays", []PortRange{{80, 80}, {82, 82}}, 4, []PortRange{{80, 80}, {82, 82}}},
		{"backwards is empty", []PortRange{{90, 80}, {22, 22}}, 4, []PortRange{{22, 22}}},
		{"up to the last port", []PortRange{{65535, 65535}, {65534, 65534}, {0, 0}}, 4, []PortRange{{0, 0}, {65534, 65535}}},
		{"over the limit small gaps close first", []PortRange{{10, 10}, {12, 12}, {100, 100}}, 2, []PortRange{{10, 12}, {100, 100}}},
		{"over the limit to the utmost", []PortRange{{0, 0}, {30000, 30000}, {65535, 65535}}, 1, []PortRange{{0, 65535}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, cover(tt.ranges, tt.limit)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestContains(t *testing.T) {
	ranges := []PortRange{{10, 10}, {20, 29}, {65535, 65535}}
	for port, want := range map[uint16]bool{
		0: false, 9: false, 10: true, 11: false, 19: false, 20: true, 25: true, 29: true, 30: false, 65534: false, 65535: true,
	} {
		if got := contains(ranges, port); got != want {
			t.Errorf("port %d: %v, want %v", port, got, want)
		}
	}
}
