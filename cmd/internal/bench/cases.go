package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bench is one run of all measurements.
type bench struct {
	programs
	plan
	rows  []row
	freed ratio // a free port on the idle host, against the bare exec
}

// plan is how much is measured.
type plan struct {
	connections, processes int
	quick, medium, slow    int // rounds of what takes milliseconds, a tenth of a second, seconds
	waits, remains         int
	crowds                 int // of thousands of sockets on one port
	services               int // for audit
	// What -scale has instead of connections and processes. A process has no more than 20,000 open files, as many hosts allow.
	hostConnections, hostProcesses int
	short                          bool
}

// full takes about five minutes; short shows that everything works, and its numbers mean nothing.
func newPlan(short bool) plan {
	if short {
		return plan{connections: 8_000, processes: 25, quick: 5, medium: 3, slow: 1, waits: 3, remains: 2, crowds: 1, short: true}
	}
	return plan{connections: 50_000, processes: 25, quick: 200, medium: 60, slow: 15, waits: 200, remains: 20, crowds: 7,
		services: 1000, hostConnections: 500_000, hostProcesses: 51}
}

const freePort = 18_500

func (b *bench) start(args ...string) command {
	return command{append(append([]string{b.portguard}, args...), "--", "/bin/true"), 0}
}

// idle is measured before there is a load.
func (b *bench) idle() error {
	free := b.start("-p", strconv.Itoa(freePort))
	took, err := costsInTurn(b.quick, free,
		command{[]string{b.bare, "/bin/true"}, 0},
		command{[]string{"tini", "-s", "--", "/bin/true"}, 0},
		command{[]string{"dumb-init", "/bin/true"}, 0})
	if err != nil {
		return err
	}
	beyond := took[0].over(took[1])
	b.freed = beyond.wall
	const bare = "a Go program that is a bare exec"
	b.add(ratioRow("a free port, idle host", bare, b.freed, 1.3))
	b.add(ratioRow("the same, processor time", bare, beyond.processor, 0).inShort(2.5))
	b.add(ratioRow("the same", "tini", took[0].over(took[2]).wall, 1.8))
	b.add(ratioRow("the same", "dumb-init", took[0].over(took[3]).wall, 0))
	return nil
}

// loaded is measured while the host has all those sockets.
func (b *bench) loaded(l *load) error {
	crowd := sockets(b.connections)
	free := b.start("-p", strconv.Itoa(freePort))
	took, err := inTurn(b.quick, free, command{[]string{b.bare, "/bin/true"}, 0})
	if err != nil {
		return err
	}
	b.add(ratioRow("a free port, "+crowd, "idle host, each beside the bare exec of its time", ratioOf(took[0], took[1]).over(b.freed), 1.15))
	took, err = inTurn(b.medium, free, command{ss("-tan", freePort), 0})
	if err != nil {
		return err
	}
	b.add(ratioRow("the same", "`ss -tan 'sport = :P'`", ratioOf(took[0], took[1]), 0.35))
	if err := b.held(l, crowd, heldBars{0.33, 0.10, 0.2, 0.75}); err != nil {
		return err
	}
	return b.others(l, crowd)
}

// heldBars are those of held: 0 for none.
type heldBars struct{ bpf, unit, proc, procProcessor float64 }

// held is a port that a client has.
func (b *bench) held(l *load, crowd string, bars heldBars) error {
	// What takes away the right to load BPF programs; CAP_SYS_PTRACE stays.
	withoutBPF := []string{"setpriv", "--bounding-set=-bpf,-perfmon,-sys_admin", b.portguard}
	for _, c := range []struct {
		argv []string
		h    holder
		unit string
	}{
		{[]string{b.portguard}, l.plain, ""},
		{[]string{b.portguard}, l.unit, unitName},
		{withoutBPF, l.unit, unitName},
	} {
		if err := checkReport(c.argv, c.h, c.unit); err != nil {
			return err
		}
	}
	took, err := costsInTurn(b.slow, taken(l.plain, b.portguard), taken(l.unit, b.portguard), taken(l.plain, withoutBPF...),
		command{ss("-tanp", l.plain.port), 0})
	if err != nil {
		return err
	}
	const ssp = "`ss -tanp 'sport = :P'`"
	b.add(ratioRow("a port that a client has, "+crowd+", owner named", ssp, took[0].over(took[3]).wall, bars.bpf))
	b.add(ratioRow("the same, the owner in a systemd unit's cgroup", ssp, took[1].over(took[3]).wall, bars.unit))
	byProc := took[2].over(took[3])
	b.add(ratioRow("the same without CAP_BPF: by /proc alone", ssp, byProc.wall, bars.proc))
	b.add(ratioRow("the same, processor time", ssp, byProc.processor, bars.procProcessor))
	return b.memory(l)
}

// taken is a report about a port that somebody has.
func taken(h holder, argv ...string) command {
	return command{append(slices.Clip(argv), "-p", strconv.Itoa(h.port)), 69}
}

// others are what people ask beside ss.
func (b *bench) others(l *load, crowd string) error {
	port := strconv.Itoa(l.plain.port)
	took, err := inTurn(b.slow, taken(l.plain, b.portguard),
		command{[]string{"fuser", port + "/tcp"}, 0},
		command{[]string{"netstat", "-tnp"}, 0})
	if err != nil {
		return err
	}
	b.add(ratioRow("a port that a client has, "+crowd+", owner named", "`fuser P/tcp`", ratioOf(took[0], took[1]), 0))
	b.add(ratioRow("the same", "`netstat -tnp`", ratioOf(took[0], took[2]), 0))
	took, err = inTurn((b.slow+1)/2, taken(l.plain, b.portguard), command{[]string{"lsof", "-nP", "-i", ":" + port}, 0})
	if err != nil {
		return err
	}
	b.add(ratioRow("the same", "`lsof -nP -i :P`", ratioOf(took[0], took[1]), 0.12))
	return nil
}

// memory is the peak of one report.
func (b *bench) memory(l *load) error {
	out, _, err := output(b.rss, b.portguard, "-p", strconv.Itoa(l.unit.port))
	if err != nil {
		return err
	}
	kib, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		return err
	}
	b.add(numberRow("peak memory of this report (RSS)", "", float64(kib)/1024, "MiB", 24))
	return nil
}

// waiting is measured on an idle host again.
func (b *bench) waiting() error {
	exec, err := bareExec(b.programs, b.medium)
	if err != nil {
		return err
	}
	closed, err := waitForClose(b.programs, b.waits)
	if err != nil {
		return err
	}
	beyond := func(d time.Duration) float64 { return max((d-exec).Seconds()*1000, 0.001) }
	b.add(numberRow("`--wait`: from the holder's close to the service's first instruction, median", "a bare exec, beyond it", beyond(median(closed)), "ms", 3))
	b.add(numberRow("the same, 99th of 100", "", beyond(quantile(closed, 0.99)), "ms", 20))
	remains, err := waitForRemains(b.programs, b.remains, b.short)
	if err != nil {
		return err
	}
	b.add(numberRow("`--wait`: from TIME_WAIT's end to the service's first instruction, median", "", beyond(median(remains)), "ms", 30))
	b.add(numberRow("the same, the slowest", "", beyond(quantile(remains, 1)), "ms", 0))
	up, err := listening(b.programs, (b.waits+3)/4)
	if err != nil {
		return err
	}
	b.add(numberRow("`ready --wait`: from the service's listen() to its end, median", "", median(up).Seconds()*1000, "ms", 20))
	return nil
}

func (b *bench) size() error {
	st, err := os.Stat(b.portguard)
	if err != nil {
		return err
	}
	b.add(numberRow("size of the stripped binary", "", float64(st.Size())/(1<<20), "MiB", 8))
	return nil
}

func (b *bench) add(r row) { b.rows = append(b.rows, r) }

// sockets is a crowd: both ends of its connections.
func sockets(connections int) string { return fmt.Sprintf("%d sockets", 2*connections/1000*1000) }

func ss(flags string, port int) []string {
	return []string{"ss", flags, fmt.Sprintf("sport = :%d", port)}
}
