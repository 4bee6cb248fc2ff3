package e2e

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/audit"
	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/nstest"
	"portguard/netdiag/portrange"
	"portguard/systemd/dropin"
)

func TestAuditJudgesPlannedPortsInTheRange(t *testing.T) {
	setRange(t, 32768, 60999)
	r := newSysctlRig(t)
	if err := portrange.SetReserved(portrange.Of(40002)); err != nil {
		t.Fatal(err)
	}
	listens(t, portrange.Of(20000, 40000, 40002))
	for _, address := range []string{"127.0.0.1:40004", "127.0.0.1:0"} {
		c, err := net.ListenPacket("udp4", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	picked, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer picked.Close()

	doc := r.audits(t, cli.ExitAtRisk, "20000,50000-50001,5353/udp")
	got := map[string]string{}
	for _, p := range doc.Ports {
		service := "-"
		if p.Service != nil {
			service = strings.Join(p.Service.Addresses, " ")
		}
		got[fmt.Sprintf("%d/%s", p.Port, p.Protocol)] = p.State + " " + service
	}
	want := map[string]string{
		"20000/tcp": "outside the range 127.0.0.1",
		"40000/tcp": "at risk 127.0.0.1",
		"40002/tcp": "reserved 127.0.0.1",
		"40004/udp": "at risk 127.0.0.1",
		"50000/tcp": "at risk -",
		"50001/tcp": "at risk -",
		"5353/udp":  "outside the range -",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if doc.AtRisk != "40000,40004,50000-50001" {
		t.Errorf("at risk: %s", doc.AtRisk)
	}
}

// One row a service: it may have a socket for each address, or several on one port by SO_REUSEPORT.
func TestAuditFoldsTheSocketsOfAService(t *testing.T) {
	setRange(t, 32768, 60999)
	nstest.Addr(t, "10.99.0.1/32")
	r := newSysctlRig(t)
	listens(t, portrange.Of(40000))
	other, err := net.Listen("tcp4", "10.99.0.1:40000")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	row := rowOf(t, r.audits(t, cli.ExitAtRisk), "40000/tcp")
	if diff := cmp.Diff([]string{"10.99.0.1", "127.0.0.1"}, row.Service.Addresses); diff != "" {
		t.Errorf("addresses (-want +got)\n%s", diff)
	}
	if len(row.Service.Processes) != 1 || row.Service.Processes[0].PID != os.Getpid() {
		t.Errorf("processes: %+v", row.Service.Processes)
	}
}

func TestAuditNamesWhoSitsOnAPort(t *testing.T) {
	l := newLadder(t)
	r := newSysctlRig(t)
	asked, guarded, other := l.port(), l.port(), l.port()
	for _, port := range []uint16{asked, guarded, other} {
		l.take(t, l.rig.Hold(t, port, pooled(loopback4)))
	}
	d := dropin.DropIn{Unit: "order.service", Pre: fmt.Sprintf("+/usr/bin/portguard -p %d --share", guarded)}
	r.Write(t, "/etc/systemd/system/order.service.d/"+dropin.FileName, d.Render())
	if err := portrange.SetReserved(portrange.Of(asked)); err != nil {
		t.Fatal(err)
	}
	doc := r.audits(t, cli.ExitAtRisk, number(asked))
	for _, port := range []uint16{asked, guarded} {
		row := rowOf(t, doc, number(port)+"/tcp")
		if !row.AtRisk || row.State != "taken" || len(row.Clients) != 1 || row.Clients[0].Processes[0].Command != "keeper" {
			t.Errorf("%d: %+v", port, row)
		}
	}
	if diff := cmp.Diff([]string{"order.service"}, rowOf(t, doc, number(guarded)+"/tcp").GuardedBy); diff != "" {
		t.Errorf("guarded by (-want +got)\n%s", diff)
	}
	if slices.ContainsFunc(doc.Ports, func(p audit.JSONPort) bool { return p.Port == other }) {
		t.Errorf("%d is a client's port that nobody has asked about", other)
	}
	says(t, joined(r.runs(t, cli.ExitAtRisk, "audit", "--sample", "50ms", number(asked))),
		"2 ports are somebody else's now", "has it: keeper (pid ", "guarded for order.service", fmt.Sprintf("portguard -p %d,%d ", asked, guarded))
}

// A connection that no start fails by is named, and the port is not taken: one that --share has made room beside, whether the service has
// come up by now or not, and one on an address that the service leaves alone.
func TestAuditPassesByWhoIsInNobodysWay(t *testing.T) {
	nstest.Root(t)
	setRange(t, 32768, 60999)
	l := newLadder(t)
	r := newSysctlRig(t)
	shared, up, elsewhere, bare := l.port(), l.port(), l.port(), l.port()
	for _, port := range []uint16{shared, up, elsewhere, bare} {
		l.take(t, l.rig.Hold(t, port, pooled(loopback4)))
	}
	for unit, args := range map[string]string{
		"elsewhere.service": "127.0.0.2:" + number(elsewhere),
		"bare.service":      number(bare) + " --no-reuseaddr",
	} {
		d := dropin.DropIn{Unit: unit, Pre: "+/usr/bin/portguard -p " + args}
		r.Write(t, "/etc/systemd/system/"+unit+".d/"+dropin.FileName, d.Render())
	}
	states := func(want int) map[uint16]string {
		all := map[uint16]string{}
		doc := r.audits(t, want, number(shared), number(up))
		for _, port := range []uint16{shared, up, elsewhere, bare} {
			row := rowOf(t, doc, number(port)+"/tcp")
			if all[port] = row.State; len(row.Clients) != 1 {
				t.Errorf("%d: %+v", port, row)
			}
		}
		return all
	}
	want := map[uint16]string{shared: "taken", up: "taken", elsewhere: "outside the range", bare: "taken"}
	if diff := cmp.Diff(want, states(cli.ExitAtRisk)); diff != "" {
		t.Errorf("before (-want +got)\n%s", diff)
	}
	r.runs(t, 0, "-q", "--share", "-p", number(shared)+","+number(bare))
	l.serves(t, up, "--share")
	want[shared], want[up] = "outside the range", "outside the range"
	if diff := cmp.Diff(want, states(cli.ExitAtRisk)); diff != "" {
		t.Errorf("after (-want +got)\n%s", diff)
	}
	says(t, joined(r.runs(t, cli.ExitAtRisk, "audit", "--sample", "50ms", number(shared))),
		"1 port is somebody else's now", "has it as well, in nobody's way: keeper (pid ", fmt.Sprintf("portguard -p %d ", bare))
}

// joined is a text without the places where it was broken into lines.
func joined(text string) string { return strings.Join(strings.Fields(text), " ") }

func TestAuditSaysOnceWhatItCouldNotSee(t *testing.T) {
	nstest.Root(t)
	setRange(t, 32768, 60999)
	r := newSysctlRig(t)
	listens(t, portrange.Of(40000, 40001, 40002))
	r.Prefix = []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
	out := r.runs(t, cli.ExitAtRisk, "audit", "--sample", "50ms")
	says(t, joined(out), "40000-40002/tcp", "a process of user ")
	if n := strings.Count(out, "CAP_SYS_PTRACE"); n != 1 {
		t.Errorf("said %d times:\n%s", n, out)
	}
}

func TestAuditUsage(t *testing.T) {
	r := newSysctlRig(t)
	for args, want := range map[string]string{
		"audit 40010-40000":   `"40010-40000"`,
		"audit 0":             `"0"`,
		"audit 127.0.0.1:80":  "has an address",
		"audit --downtime 0s": "is no time",
		"audit --sample -1s":  "is no time",
		"audit --json --map":  "contradict",
	} {
		says(t, r.runs(t, cli.ExitUsage, strings.Fields(args)...), want, "hint: portguard audit")
	}
}

// A unit's name is a directory's, and may have anything in it.
func TestAuditPrintsNoForeignEscape(t *testing.T) {
	setRange(t, 32768, 60999)
	r := newSysctlRig(t)
	d := dropin.DropIn{Unit: "x.service", Pre: "+/usr/bin/portguard -p 40000"}
	r.Write(t, "/etc/systemd/system/a\x1b[31mb\n.service.d/"+dropin.FileName, d.Render())
	r.Write(t, "/etc/systemd/system/c\x1b[31m.service.d/"+dropin.FileName, d.Render()+"ExecStartPre=+/usr/bin/portguard -p nothing\n")
	out := r.runs(t, cli.ExitAtRisk, "audit", "--sample", "10ms")
	says(t, joined(out), `guarded for a\x1b[31mb\n.service`, `c\x1b[31m.service cannot be seen`)
	if strings.ContainsRune(out, '\x1b') {
		t.Errorf("%q", out)
	}
}

func TestMapIsForTerminalsOrWhenAskedFor(t *testing.T) {
	setRange(t, 32768, 60999)
	r := newSysctlRig(t)
	if out := r.runs(t, 0, "audit", "--sample", "10ms"); strings.Contains(out, "picked") {
		t.Errorf("a map without a terminal:\n%s", out)
	}
	says(t, r.runs(t, 0, "audit", "--sample", "10ms", "--map"), "\npicked    ")
}
