package netdiag

import "testing"

func TestCountSMC(t *testing.T) {
	const head = "protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re sp bi br ha uh gp em\n"
	for _, tt := range []struct {
		name, text string
		want       int
	}{
		{"both families", head + "SMC6      1088      2      -1   NI       0   yes  smc\nSMC       1088      1      -1   NI       0   yes  smc\nTCP       2432     64      12   no     320   yes  kernel\n", 3},
		{"none in use", head + "SMC       1088      0      -1   NI       0   yes  smc\n", 0},
		{"no such protocol", head + "TCP       2432     64      12   no     320   yes  kernel\n", 0},
		{"nothing", "", 0},
	} {
		if got := countSMC([]byte(tt.text)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}
