package risk

import (
	"math"
	"testing"
	"time"

	"portguard/netdiag/portrange"
)

func ofText(ports string, table int) datagrams {
	return datagrams{low: 1000, free: row(ports).free, table: table}
}

func TestSharesOfDatagrams(t *testing.T) {
	for _, tt := range []struct {
		name, ports string
		table, port int
		want        float64
	}{
		{"all alike", "........", 4, 1002, 1.0 / 8},
		{"a large table: all that start on the block below", "..xxx...", 4096, 1005, 4.0 / 8},
		{"a large table, around the end", ".xxxxxxx", 4096, 1000, 8.0 / 8},
		{"a service's own port, once it is free", "....x...", 4096, 1004, 1.0 / 8},
		{"two places: a block fills none", "..xxx...", 2, 1005, (1 + 1.0/3) / 8},
		{"two places: half of the ports are one that is full", "x.x.x.x.", 2, 1001, (1 + 1) / 8.0},
		{"nothing else is free", "xxxxxxxx", 2, 1003, 1},
		{"a table that is not known", "..xxx...", 0, 1005, 1.0 / 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ofText(tt.ports, tt.table).share(tt.port); math.Abs(got-tt.want) > 1e-12 {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// Every pick lands somewhere, whatever the table: the shares of all that is free add up to one.
func TestSharesOfDatagramsAddUp(t *testing.T) {
	for _, table := range []int{0, 1, 4, 8, 16, 4096} {
		d, sum := ofText("..xxx..x.xxxx...", table), 0.0
		for at, free := range d.free {
			if free {
				sum += d.share(d.low + at)
			}
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("%d places: %v", table, sum)
		}
	}
}

// Where the kernel does not tell its table the bound is that of the worst.
func TestBoundOfAnUnknownTable(t *testing.T) {
	f := portrange.Facts{Range: portrange.Range{Low: 20000, High: 20399}, Reserved: portrange.Set{{Low: 20100, High: 20199}}}
	after := Look{UDP: map[uint16]uint64{}}
	for i := range uint16(40) {
		after.UDP[20001+2*i] = uint64(1 + i)
	}
	chance := func(table int) Estimate {
		f.UDPTable = table
		return New(f, Look{}, after, time.Second).UDP(20200, time.Second)
	}
	known, unknown := chance(4096), chance(0)
	if unknown.Chance > known.Chance/4 || unknown.Below < known.Chance {
		t.Errorf("%+v where it is known to be large, %+v where it is not known", known, unknown)
	}
}
