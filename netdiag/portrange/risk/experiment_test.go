package risk_test

import (
	"flag"
	"fmt"
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
	"portguard/netdiag/portrange/risk"
)

func TestMain(m *testing.M) { os.Exit(nstest.Main(m)) }

var (
	riskTrials = flag.Int("risk.trials", 60, "so many trials for each load")
	riskSeed   = flag.Uint64("risk.seed", uint64(time.Now().UnixNano()), "what its own chance comes from; the kernel has another")
)

// situation is a service and what outgoing connections do while it is down.
type situation struct {
	name           string
	ports          uint16 // of the range, from 20000 on
	load           load
	period, down   int
	service, block int // a fixed port with so many services' ports below it, or 0: a random one each time
	reserved       portrange.Set
	width          int // ip_local_port_step_width, where the kernel has it
	odd, udp       bool
	table          int // of UDP sockets, as the kernel tells it
}

const low = 20000

// situations have small ranges, so that chances are large enough to count.
func situations() []situation {
	fifty := portrange.Set{{Low: 20100, High: 20199}} // of one parity
	hundred := fifty
	return []situation{
		{name: "a pool: one destination, nothing left behind", ports: 400, load: load{routes: 1, held: 40}, period: 20, down: 30},
		{name: "20 destinations, TIME_WAIT", ports: 400, load: load{routes: 20, held: 60, timeWait: true}, period: 20, down: 30},
		{name: "20 short connections at a time", ports: 400, load: load{routes: 10, held: 20}, period: 20, down: 100},
		{name: "above the ports of four other services", ports: 400, load: load{routes: 10, held: 40}, period: 20, down: 20, service: 20108, block: 4},
		{name: "above 50 reserved ports", ports: 400, load: load{routes: 1, held: 20}, period: 20, down: 60, service: 20200, reserved: fifty},
		{name: "one destination has 80 % of its ports", ports: 400, load: load{routes: 1, held: 160}, period: 20, down: 15},
		{name: "one destination has nearly all of its ports", ports: 400, load: load{routes: 1, held: 190}, period: 20, down: 4},
		{name: "one destination needs more than its ports", ports: 200, load: load{routes: 1, held: 120}, period: 10, down: 1},
		{name: "one destination, TIME_WAIT on most ports", ports: 200, load: load{routes: 1, held: 75, timeWait: true}, period: 10, down: 10},
		{name: "one destination, for several laps", ports: 200, load: load{routes: 1, held: 50}, period: 20, down: 120},
		{name: "an odd port, and clients that bind() to port 0", ports: 400, load: load{routes: 3, held: 40, bind: true}, period: 20, down: 30, odd: true},
		{name: "an odd port, one destination needs more than the even ones", ports: 200, load: load{routes: 1, held: 120}, period: 10, down: 60, odd: true},
		{name: "an odd port, one destination has 80 % of all", ports: 200, load: load{routes: 1, held: 160}, period: 10, down: 15, odd: true},
		{name: "UDP", ports: 400, load: load{held: 80, udp: true}, period: 20, down: 40, udp: true},
		{name: "UDP on most ports", ports: 200, load: load{held: 150, udp: true}, period: 40, down: 50, udp: true},
		{name: "UDP above 100 reserved ports", ports: 400, load: load{held: 40, udp: true}, period: 20, down: 10, service: 20200, reserved: hundred, udp: true},
		{name: "above 50 reserved ports, step width 16", ports: 400, load: load{routes: 1, held: 20}, period: 20, down: 60, service: 20200, reserved: fifty, width: 16},
		{name: "above 50 reserved ports, step width 1024", ports: 400, load: load{routes: 1, held: 20}, period: 20, down: 60, service: 20200, reserved: fifty, width: 1024},
		{name: "one destination has 80 % of its ports, step width 1024", ports: 400, load: load{routes: 1, held: 160}, period: 20, down: 15, width: 1024},
	}
}

func (s situation) facts() portrange.Facts {
	return portrange.Facts{Range: portrange.Range{Low: low, High: low + s.ports - 1}, Reserved: s.reserved, StepWidth: s.width, UDPTable: s.table}
}

// set makes the kernel's settings those of the situation.
func (s situation) set(t *testing.T) {
	nstest.SetRange(t, low, low+s.ports-1)
	nstest.Sysctl(t, "net.ipv4.tcp_tw_reuse", "0")
	if s.width > 0 {
		nstest.Sysctl(t, "net.ipv4.ip_local_port_step_width", strconv.Itoa(s.width))
	}
	if len(s.reserved) > 0 {
		nstest.Sysctl(t, "net.ipv4.ip_local_reserved_ports", s.reserved.String())
	}
}

// The experiment plays the same game again and again: a service goes down, outgoing connections go on for a while, the
// service comes back and finds its port taken or not. Time is counted in connections, so that a busy machine does not
// change what is measured: the period between the two looks is some of them, and so is the time that the service is down.
//
// The counted number must be the predicted one within 20 %, or within what chance does to a count of that size: four standard deviations, so that it
// is the model that fails and not luck. A count that is further off has four times as many trials to come back.
func TestPredictedAgainstCounted(t *testing.T) {
	kernel, err := portrange.ReadFacts()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range situations() {
		s.table = kernel.UDPTable
		if s.width > 0 && !stepWidth() || s.udp && s.reserved != nil && s.table == 0 {
			continue // of this the audit tells a bound
		}
		t.Run(s.name, func(t *testing.T) {
			s.set(t)
			t.Logf("-risk.seed %d", *riskSeed)
			d := newDriver(t, s.load, rand.New(rand.NewPCG(*riskSeed, 0)))
			for i := 1; i <= s.block; i++ { // first, or a client may have it
				d.serve(uint16(s.service-2*i), false)
			}
			for range s.load.held + 20 {
				d.connect()
			}
			p := netdiag.NewProber()
			defer p.Close()
			var o outcome
			for *riskTrials > o.trials || o.isOff() && 4**riskTrials > o.trials {
				o.add(s.play(t, d, p))
			}
			t.Log(o.String() + ": " + s.name)
			if o.isOff() {
				t.Error("that is too far off")
			}
			if o.told < 3 {
				t.Errorf("told %.1f: too few to tell", o.told)
			}
		})
	}
}

// outcome is how often a port was to be lost, and was.
type outcome struct {
	trials, counted int
	told            float64
}

func (o *outcome) add(told float64, lost bool) {
	o.trials++
	o.told += told
	if lost {
		o.counted++
	}
}

// noise is the standard deviation of such a count.
func (o *outcome) noise() float64 { return math.Sqrt(o.told * (1 - o.told/float64(o.trials))) }

func (o *outcome) isOff() bool {
	return math.Abs(float64(o.counted)-o.told) > max(0.2*o.told, 4*o.noise())
}

func (o *outcome) String() string {
	percent := func(n float64) float64 { return 100 * n / float64(o.trials) }
	return fmt.Sprintf("told %.1f %%, counted %.1f %%, ±%.1f %% in %d trials", percent(o.told), percent(float64(o.counted)), percent(o.noise()), o.trials)
}

// play has a service that runs go down and come back. It returns what was told of it, and whether its port was gone.
func (s situation) play(t *testing.T, d *driver, p *netdiag.Prober) (told float64, lost bool) {
	port, fd := s.start(d)
	for range s.load.held/4 + d.chance.IntN(int(s.ports)/8) { // the load gets used to it, and goes on to somewhere else
		d.connect()
	}
	before := d.look(p)
	for range s.period {
		d.connect()
	}
	m := risk.New(s.facts(), before, d.look(p), time.Duration(s.period)) // a connection takes a nanosecond
	e := m.TCP(port, time.Duration(s.down))
	if s.udp {
		e = m.UDP(port, time.Duration(s.down))
	}
	if e.Below < e.Chance {
		t.Fatalf("chance %v is not below %v", e.Chance, e.Below)
	}
	unix.Close(fd)
	for range s.down {
		d.connect()
	}
	if fd = d.tryServe(port, s.udp); fd < 0 {
		return e.Chance, true
	}
	unix.Close(fd)
	return e.Chance, false
}

// start has a service on a port that nobody has.
func (s situation) start(d *driver) (port uint16, fd int) {
	port = uint16(s.service)
	for tries := 1; ; tries++ {
		if s.service == 0 {
			port = low + 2*uint16(d.chance.IntN(int(s.ports)/2))
			if s.odd {
				port++
			}
		}
		if fd = d.tryServe(port, s.udp); fd >= 0 {
			return port, fd
		}
		switch {
		case s.service != 0:
			d.connect()
		case tries%20 == 0: // hardly any is free
			d.giveBack(port)
		}
	}
}

// stepWidth reports whether the kernel has ip_local_port_step_width, as Linux 7.1 and newer do.
func stepWidth() bool {
	_, err := os.Stat("/proc/sys/net/ipv4/ip_local_port_step_width")
	return err == nil
}
