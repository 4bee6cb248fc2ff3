package audit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag/portrange"
)

// What is advised helps, and costs no other service its port.
func TestFixesDoNoHarm(t *testing.T) {
	for _, tt := range []struct {
		name      string
		low, high uint16
		services  []uint16
		resting   portrange.Set // of services that are down
		held      int           // connections
		want      []string
	}{
		{"a service in the default range", 32768, 60999, []uint16{50258}, nil, 0, []string{"portguard reserve 50258", "portguard range 32768-50257"}},
		{"the highest part that is large enough", 1024, 65000, []uint16{30000, 40010}, nil, 0, []string{"portguard reserve 30000,40010", "portguard range 40012-64999"}},
		{"services that are down", 1024, 65000, []uint16{30000}, portrange.Of(31000, 60000), 0, []string{"portguard reserve 30000", "portguard range 31002-59999"}},
		{"a service that is down above a reservation", 32768, 60999, []uint16{40000}, portrange.Of(40001, 40003, 40010), 0, []string{"portguard reserve 40000-40001,40003", "portguard range 40012-60999"}},
		{"a range with too few ports to reserve any", 61000, 62000, []uint16{61500}, nil, 0, []string{"portguard range 61502-65535"}},
		{"no part is large enough for the connections", 32768, 40000, []uint16{36000}, nil, 20000, []string{"portguard reserve 36000"}},
		{"nothing can be done", 64700, 65535, []uint16{65000}, nil, 0, []string{""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var rows []entry
			for _, port := range tt.services {
				row := servedBy(port, "order", 1, 0.01)
				row.chance.Chance = 0 // of no parity that another port would help
				rows = append(rows, row)
			}
			r := textReport(rows...)
			r.facts.Range, r.resting, r.load.Held = portrange.Range{Low: tt.low, High: tt.high}, tt.resting, tt.held
			var got []string
			for _, f := range r.fixes() {
				if f.command != "" || strings.HasPrefix(f.does, "move") {
					got = append(got, f.command)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
