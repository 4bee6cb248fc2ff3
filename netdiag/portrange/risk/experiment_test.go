package risk_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/nstest"
	"portguard/netdiag/portrange"
)

func TestMain(m *testing.M) { os.Exit(nstest.Main(m)) }

var (
	// The experiment at the length that docs/audit.md has the results of.
	riskLong = flag.Bool("risk.long", false, "2,000 trials for each load: some minutes")
	riskSeed = flag.Uint64("risk.seed", uint64(time.Now().UnixNano()), "what its own chance comes from; the kernel has another")
)

// The experiment plays the same game again and again: a service goes down, outgoing connections go on for a while, the
// service comes back and finds its port taken or not. Time is counted in connections, so that a busy machine does not
// change what is measured: the period between the two looks is some of them, and so is the time that the service is down.
//
// The counted number must be the predicted one within 20 %, or within what chance does to a count of that size: few trials
// get four standard deviations, so that it is the model that fails and not luck.
func TestPredictedAgainstCounted(t *testing.T) {
	trials, deviations := 200, 4.0
	if *riskLong {
		trials, deviations = 2000, 2
	}
	for _, tt := range []struct {
		name           string
		low, high      uint16
		load           load
		period, down   int
		service, block int // a fixed port with so many services' ports below it, or 0: a random one each time
		reserved       portrange.Set
		width          int // ip_local_port_step_width, where the kernel has it
		odd, udp       bool
		likely         bool // few trials tell
	}{
		{name: "a pool: one destination, nothing left behind", low: 20000, high: 21999, load: load{routes: 1, held: 200}, period: 40, down: 100},
		{name: "50 destinations, TIME_WAIT", low: 20000, high: 21999, load: load{routes: 50, held: 300, timeWait: true}, period: 40, down: 100},
		{name: "one destination has 80 % of its ports", low: 20000, high: 20999, load: load{routes: 1, held: 400}, period: 20, down: 15},
		{name: "20 short connections at a time", low: 20000, high: 20399, load: load{routes: 10, held: 20}, period: 40, down: 200},
		{name: "above the ports of four other services", low: 20000, high: 21999, load: load{routes: 20, held: 200}, period: 40, down: 40, service: 20508, block: 4},
		{name: "an odd port, and clients that bind() to port 0", low: 20000, high: 21999, load: load{routes: 3, held: 200, bind: true}, period: 40, down: 100, odd: true},
		{name: "an odd port, one destination needs more than the even ones", low: 20000, high: 20199, load: load{routes: 1, held: 120}, period: 10, down: 20, odd: true},
		{name: "one destination has nearly all of its ports", low: 20000, high: 20399, load: load{routes: 1, held: 190}, period: 20, down: 4, likely: true},
		{name: "one destination needs more than its ports", low: 20000, high: 20199, load: load{routes: 1, held: 120}, period: 10, down: 4, likely: true},
		{name: "one destination has 80 % of all ports, an odd one", low: 20000, high: 20399, load: load{routes: 1, held: 320}, period: 20, down: 20, odd: true},
		{name: "one destination, for several laps", low: 20000, high: 20199, load: load{routes: 1, held: 50}, period: 20, down: 200, likely: true},
		{name: "one destination, TIME_WAIT on most ports", low: 20000, high: 20399, load: load{routes: 1, held: 150, timeWait: true}, period: 20, down: 15, likely: true},
		{name: "above 50 reserved ports", low: 20000, high: 20399, load: load{routes: 1, held: 20}, period: 20, down: 60, service: 20200, reserved: portrange.Set{{Low: 20100, High: 20199}}, likely: true},
		{name: "above 50 reserved ports, step width 16", low: 20000, high: 20399, load: load{routes: 1, held: 20}, period: 20, down: 60, service: 20200, reserved: portrange.Set{{Low: 20100, High: 20199}}, width: 16, likely: true},
		{name: "above 50 reserved ports, step width 1024", low: 20000, high: 20399, load: load{routes: 1, held: 20}, period: 20, down: 60, service: 20200, reserved: portrange.Set{{Low: 20100, High: 20199}}, width: 1024, likely: true},
		{name: "one destination has 80 % of its ports, step width 1024", low: 20000, high: 20999, load: load{routes: 1, held: 400}, period: 20, down: 15, width: 1024},
		{name: "UDP on most ports", low: 20000, high: 20199, load: load{held: 150, udp: true}, period: 40, down: 50, udp: true, likely: true},
		{name: "UDP", low: 20000, high: 20999, load: load{held: 200, udp: true}, period: 40, down: 100, udp: true},
	} {
		if tt.width > 0 && !stepWidth() {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			trials := trials
			if tt.likely && !*riskLong {
				trials = 60
			}
			nstest.SetRange(t, tt.low, tt.high)
			nstest.Sysctl(t, "net.ipv4.tcp_tw_reuse", "0")
			if tt.width > 0 {
				nstest.Sysctl(t, "net.ipv4.ip_local_port_step_width", strconv.Itoa(tt.width))
			}
			if len(tt.reserved) > 0 {
				nstest.Sysctl(t, "net.ipv4.ip_local_reserved_ports", tt.reserved.String())
			}
			f := portrange.Facts{Range: portrange.Range{Low: tt.low, High: tt.high}, Reserved: tt.reserved, StepWidth: tt.width}
			t.Logf("-risk.seed %d", *riskSeed)
			d := newDriver(t, tt.load, rand.New(rand.NewPCG(*riskSeed, 0)))
			for i := 1; i <= tt.block; i++ { // first, or a client may have it
				d.serve(uint16(tt.service-2*i), false)
			}
			for range tt.load.held + 20 {
				d.connect()
			}
			var predicted float64
			counted := 0
			p := netdiag.NewProber()
			defer p.Close()
			for range trials {
				port := uint16(tt.service)
				fd, tries := -1, 0
				for fd < 0 { // of a service that runs, so on a port that nobody else has
					if tt.service == 0 {
						port = tt.low + 2*uint16(d.chance.IntN((int(tt.high)-int(tt.low)+1)/2))
						if tt.odd {
							port++
						}
					}
					if fd = d.tryServe(port, tt.udp); fd < 0 && tt.service != 0 {
						d.connect()
					}
					if tries++; fd < 0 && tt.service == 0 && tries%20 == 0 { // hardly any is free
						d.giveBack(port)
					}
				}
				// The load gets used to it, and goes on to somewhere else.
				for range tt.load.held + d.chance.IntN(int(tt.high-tt.low)/8) {
					d.connect()
				}
				before := d.look(p)
				for range tt.period {
					d.connect()
				}
				after := d.look(p)
				m := model(f, before, after, tt.period)
				e := m.TCP(port, time.Duration(tt.down))
				if tt.udp {
					e = m.UDP(time.Duration(tt.down))
				}
				predicted += e.Chance
				if e.Below < e.Chance {
					t.Fatalf("chance %v is not below %v", e.Chance, e.Below)
				}
				unix.Close(fd)
				for range tt.down {
					d.connect()
				}
				if fd = d.tryServe(port, tt.udp); fd < 0 {
					counted++
				} else {
					unix.Close(fd)
				}
			}
			n := float64(trials)
			noise := math.Sqrt(predicted * (1 - predicted/n))
			t.Logf("| %s | %d | %.2f %% | %.2f %% | ±%.2f %% |", tt.name, trials, 100*predicted/n, 100*float64(counted)/n, 100*noise/n)
			if off := math.Abs(float64(counted) - predicted); off > max(0.2*predicted, deviations*noise) {
				t.Errorf("predicted %.1f of %d, counted %d", predicted, trials, counted)
			}
			if predicted < 3 {
				t.Errorf("predicted %.1f of %d: too few to tell", predicted, trials)
			}
		})
	}
}

// stepWidth reports whether the kernel has ip_local_port_step_width, as Linux 7.1 and newer do.
func stepWidth() bool {
	_, err := os.Stat("/proc/sys/net/ipv4/ip_local_port_step_width")
	return err == nil
}
