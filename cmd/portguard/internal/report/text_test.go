package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/cmd/portguard/internal/report/why"
	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

var incidentFacts = Facts{Facts: why.Facts{Ephemeral: reporttest.Ephemeral}, Reserved: reporttest.Reserved}

func text(o ...wrapper.Outcome) string {
	var b bytes.Buffer
	Text{W: &b, Facts: incidentFacts, Now: reporttest.Now, actions: every}.Render(&wrapper.Report{Outcomes: o, Judge: reporttest.Willing})
	return b.String()
}

func TestTextOfTheIncident(t *testing.T) {
	const want = `30010/tcp is taken: binding *:30010 fails with "address already in use"

  holder  java (pid 1988719, root, order.service), running for 3d 4h
          java -jar order.jar
  socket  10.11.0.5:30010 -> 10.11.0.9:7000  ESTABLISHED, fd 272
          an outgoing connection to 10.11.0.9:7000; nobody asked for port 30010: the kernel picked it as an ephemeral port from ip_local_port_range 1024-65000

  now     portguard --share -p 30010 -- COMMAND          start beside the connection, nothing is cut
          portguard --wait 30s -p 30010 -- COMMAND       start as soon as it is free
          portguard --close -p 30010 -- COMMAND          cut the connection, then start
          portguard --restart-unit -p 30010 -- COMMAND   restart order.service, which reconnects from another port, then start
  always  portguard reserve 30010                        the kernel never picks 30010 again
`
	if diff := cmp.Diff(want, text(reporttest.Incident())); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// After a dry run that would have worked the last line says so.
func TestTextOfADryRun(t *testing.T) {
	o := reporttest.Incident()
	o.WouldBeFree = true
	if got, want := text(o), "\n  then    30010/tcp would be free\n"; !strings.HasSuffix(got, want) {
		t.Errorf("it does not end with %q:\n%s", want, got)
	}
}

// The first line says it all to those who read no further.
func TestHeadline(t *testing.T) {
	every := netdiag.Endpoint{Protocol: netdiag.TCP, Port: 80}
	one := netdiag.Endpoint{Protocol: netdiag.UDP, Addr: netip.MustParseAddr("10.11.0.5"), Port: 30010}
	dhcp := netdiag.Endpoint{Protocol: netdiag.UDP, Addr: netip.IPv4Unspecified(), Port: 67, Device: "eth0"}
	linkLocal := netdiag.Endpoint{Protocol: netdiag.TCP, Addr: netip.MustParseAddr("fe80::1%eth0"), Port: 80}
	for _, tt := range []struct {
		name     string
		endpoint netdiag.Endpoint
		trial    netdiag.Trial
		by       decide.Rung
		want     string
	}{
		{"free", every, netdiag.Trial{Verdict: netdiag.Free}, decide.Ground, "80/tcp is free"},
		{"freed", every, netdiag.Trial{Verdict: netdiag.Free}, decide.Wait, "80/tcp is free again, by wait"},
		{"taken", one, netdiag.Trial{Verdict: netdiag.Taken, Errno: unix.EADDRINUSE}, decide.Ground,
			`10.11.0.5:30010/udp is taken: binding 10.11.0.5:30010 fails with "address already in use"`},
		{"privileged", every, netdiag.Trial{Verdict: netdiag.Forbidden, Errno: unix.EACCES}, decide.Ground,
			`80/tcp is forbidden: binding *:80 fails with "permission denied"; ports below net.ipv4.ip_unprivileged_port_start need ` +
				`CAP_NET_BIND_SERVICE, for the service as well (AmbientCapabilities=CAP_NET_BIND_SERVICE in its unit)`},
		{"forbidden", one, netdiag.Trial{Verdict: netdiag.Forbidden, Errno: unix.EACCES}, decide.Ground,
			`10.11.0.5:30010/udp is forbidden: binding 10.11.0.5:30010 fails with "permission denied"; ` +
				`a security module or a cgroup's rule forbids it to this user, and so to the service`},
		{"forbidden by the cgroup", one, netdiag.Trial{Verdict: netdiag.Forbidden, Errno: unix.EPERM}, decide.Ground,
			`10.11.0.5:30010/udp is forbidden: binding 10.11.0.5:30010 fails with "operation not permitted"; ` +
				`a rule of this cgroup forbids it, to the service as well: SocketBindDeny= of the unit (SocketBindAllow=udp:30010 beside it allows it), or another BPF program`},
		{"address not there", one, netdiag.Trial{Verdict: netdiag.NoAddress, Errno: unix.EADDRNOTAVAIL}, decide.Ground,
			`10.11.0.5:30010/udp is not possible: binding 10.11.0.5:30010 fails with "cannot assign requested address"; ` +
				`this host does not have 10.11.0.5 (yet)`},
		{"no such interface", dhcp, netdiag.Trial{Verdict: netdiag.NoAddress, Errno: unix.ENODEV, Failed: netdiag.ToDevice}, decide.Ground,
			`0.0.0.0%eth0:67/udp is not possible: binding 0.0.0.0%eth0:67 fails with "no such device"; this host does not have the interface eth0 (yet)`},
		{"no such interface for a link-local address", linkLocal, netdiag.Trial{Verdict: netdiag.NoAddress, Errno: unix.ENODEV}, decide.Ground,
			`[fe80::1%eth0]:80/tcp is not possible: binding [fe80::1%eth0]:80 fails with "no such device"; this host does not have the interface eth0 (yet)`},
		{"no right to bind to the interface", dhcp, netdiag.Trial{Verdict: netdiag.Forbidden, Errno: unix.EPERM, Failed: netdiag.ToDevice}, decide.Ground,
			`0.0.0.0%eth0:67/udp is forbidden: binding 0.0.0.0%eth0:67 fails with "operation not permitted"; a socket that a rule of the cgroup ` +
				`(ip vrf exec) has bound to an interface is bound to another one with CAP_NET_RAW alone, the service's as well`},
		{"no right to judge as the service", netdiag.Endpoint{Protocol: netdiag.TCP, Port: 80, Options: netdiag.Options{ReusePort: true, Owner: netdiag.Owner{Other: true, UID: 4294000000}}},
			netdiag.Trial{Errno: unix.EPERM, Failed: netdiag.Owning}, decide.Ground,
			`80/tcp is unknown: a socket cannot be made one of user 4294000000 to try it (operation not permitted); that takes CAP_CHOWN, as root has it`},
		{"another error", every, netdiag.Trial{Errno: unix.ENOBUFS}, decide.Ground,
			`80/tcp is unknown: binding *:80 fails with "no buffer space available"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := wrapper.Outcome{Finding: netdiag.Finding{Endpoint: tt.endpoint, Trial: tt.trial}, By: tt.by}
			if diff := cmp.Diff(tt.want, Text{}.headline(&o)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestTextWhereLittleIsKnown(t *testing.T) {
	without := reporttest.Incident()
	without.Holders = nil
	notAsked := without
	notAsked.Unexplained = errors.New("sock_diag: operation not permitted")
	perhaps := reporttest.Incident()
	perhaps.Holders[0].Certain = false
	partial := reporttest.Incident()
	partial.Partial = true
	device := reporttest.Incident()
	device.Holders[0].Kind, device.Holders[0].Device, device.Holders[0].Socket.Remote = netdiag.Listener, "eth0", netip.AddrPort{}
	hidden := reporttest.Incident()
	hidden.Holders[0].Owners, hidden.Holders[0].Absence, hidden.Holders[0].Socket.UID = nil, netdiag.NotPermitted, 4294000000

	for _, tt := range []struct {
		name    string
		outcome wrapper.Outcome
		want    string
	}{
		{"nobody shows", without, "  holder  not known: the kernel's tables show nobody on this port."},
		{"the kernel cannot be asked", notAsked, "  holder  not known: sock_diag: operation not permitted\n"},
		{"perhaps it shares", perhaps, "          (whether it is in the way hangs on its socket options, which could not be seen)\n"},
		{"the kernel hides some", partial, "\n  note    there may be more in the way than shows: the kernel's tables here leave out "},
		{"the interface", device, "  socket  10.11.0.5%eth0:30010  ESTABLISHED, fd 272\n" +
			"          a program listens on this port: if it is the service itself, all is well; else another service has it; on the interface eth0 alone: a service that is bound to another one does not meet it\n"},
		{"the owner is hidden, its user and unit are not", hidden, "  holder  a process of user 4294000000, order.service\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := text(tt.outcome); !strings.Contains(got, tt.want) {
				t.Errorf("%q is missing in:\n%s", tt.want, got)
			}
		})
	}
}

// A port with many connections does not fill the screen: the report names some, and says how many more there are.
func TestTextOfManyHolders(t *testing.T) {
	o := reporttest.Incident()
	for len(o.Holders) < 20 {
		o.Holders = append(o.Holders, o.Holders[0])
	}
	got := text(o)
	if n := strings.Count(got, "  holder  java"); n != MaxHolders {
		t.Errorf("%d holders are shown, want %d", n, MaxHolders)
	}
	if want := "\n  and 12 more (--json has them all)\n"; !strings.Contains(got, want) {
		t.Errorf("%q is missing in:\n%s", want, got)
	}
}

// Nor does a server with many workers, each of which has its socket.
func TestTextOfManyProcesses(t *testing.T) {
	o := reporttest.Incident()
	h := &o.Holders[0]
	for pid := 10; len(h.Owners) < 150; pid++ {
		p := h.Owners[0]
		p.PID = pid
		h.Owners = append(h.Owners, p)
	}
	got := text(o)
	if n := strings.Count(got, "  holder  java"); n != names.MaxProcesses {
		t.Errorf("%d processes are shown, want %d", n, names.MaxProcesses)
	}
	for _, want := range []string{"\n          and 142 more processes (--json has them all)\n", "fd 272 of 1988719, fd 272 of 10, ", "fd 272 of 16, and 142 more\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
	if n := strings.Count(got, "\n"); n > 40 {
		t.Errorf("%d lines", n)
	}
}

func TestTextOfActions(t *testing.T) {
	o := reporttest.Incident()
	o.Actions = []wrapper.Action{
		{Rung: decide.Wait, Result: decide.Failed, Detail: "still taken after 30s"},
		{Rung: decide.Kill, Holder: &o.Holders[0], Result: decide.NotPossible, Detail: "pid 1 is\x1b[2J the init process"},
	}
	const want = "\n  wait    failed: still taken after 30s\n  kill    not possible: pid 1 is\\x1b[2J the init process\n"
	if got := text(o); !strings.Contains(got, want) {
		t.Errorf("%q is missing in:\n%s", want, got)
	}
}

// Whom something was done to, and who is there no more, is listed behind those that are, for the action to point to.
func TestJSONOfOneThatIsGone(t *testing.T) {
	o := reporttest.Incident()
	ended := o.Holders[0]
	ended.Socket.Cookie++
	o.Actions = []wrapper.Action{
		{Rung: decide.RestartUnit, Holder: &ended, Result: decide.Done, Detail: "restarted order.service"},
		{Rung: decide.Kill, Holder: &o.Holders[0], Result: decide.NotPossible, Detail: "it is pid 1"},
	}
	zero, one := 0, 1
	e := endpointJSON(&o, []string{}, incidentFacts)
	var gone []bool
	for _, h := range e.Holders {
		gone = append(gone, h.Gone)
	}
	if diff := cmp.Diff([]bool{false, true}, gone); diff != "" {
		t.Errorf("gone (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]*int{&one, &zero}, []*int{e.Actions[0].Holder, e.Actions[1].Holder}); diff != "" {
		t.Errorf("holders of the actions (-want +got)\n%s", diff)
	}
}

func TestColour(t *testing.T) {
	o := reporttest.Incident()
	coloured := Text{Paint: page.Paint{On: true}}.headline(&o)
	if want := "30010/tcp is \x1b[31;1mtaken\x1b[0m: "; !strings.HasPrefix(coloured, want) {
		t.Errorf("got %q", coloured)
	}
	if got := text(o); strings.Contains(got, "\x1b") {
		t.Errorf("colour where none was asked for: %q", got)
	}
}

// The document that programs read: fields are added, never renamed or removed.
func TestJSONOfTheIncident(t *testing.T) {
	o := reporttest.Incident()
	o.Actions = []wrapper.Action{{Rung: decide.Kill, Holder: &o.Holders[0], Result: decide.Would, Detail: "send SIGTERM"}}
	const want = `{
  "version": 1,
  "endpoints": [
    {
      "protocol": "tcp",
      "address": "*",
      "port": 30010,
      "verdict": "taken",
      "errno": "EADDRINUSE",
      "in_ephemeral_range": true,
      "reserved": false,
      "holders": [
        {
          "kind": "client",
          "state": "ESTABLISHED",
          "certain": true,
          "local": "10.11.0.5:30010",
          "remote": "10.11.0.9:7000",
          "inode": 248498713,
          "cookie": "1a2b",
          "uid": 0,
          "user": "root",
          "unit": "order.service",
          "container": null,
          "expires_ms": null,
          "why": "an outgoing connection to 10.11.0.9:7000; nobody asked for port 30010: the kernel picked it as an ephemeral port from ip_local_port_range 1024-65000",
          "processes": [
            {
              "pid": 1988719,
              "fd": 272,
              "command": "java",
              "args": [
                "java",
                "-jar",
                "order.jar"
              ],
              "exe": "/usr/bin/java",
              "user": "root",
              "started": "2026-11-19T04:20:00Z",
              "unit": "order.service"
            }
          ]
        }
      ],
      "actions": [
        {
          "rung": "kill",
          "holder": 0,
          "result": "would",
          "detail": "send SIGTERM"
        }
      ],
      "advice": [
        "portguard --share -p 30010 -- COMMAND",
        "portguard --wait 30s -p 30010 -- COMMAND",
        "portguard --close -p 30010 -- COMMAND",
        "portguard --restart-unit -p 30010 -- COMMAND",
        "portguard reserve 30010"
      ],
      "diversions": null
    }
  ],
  "ephemeral_range": [
    1024,
    65000
  ]
}
`
	if diff := cmp.Diff(want, document(t, incidentFacts, o)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What is not known is null or empty, and there all the same.
func TestJSONWhereLittleIsKnown(t *testing.T) {
	free := wrapper.Outcome{Finding: netdiag.Finding{
		Endpoint: netdiag.Endpoint{Protocol: netdiag.UDP, Addr: netip.IPv6Loopback(), Port: 8080},
		Trial:    netdiag.Trial{Verdict: netdiag.Free, FD: -1},
	}, By: decide.Wait}
	const want = `{
  "version": 1,
  "endpoints": [
    {
      "protocol": "udp",
      "address": "::1",
      "port": 8080,
      "verdict": "freed",
      "by": "wait",
      "errno": null,
      "in_ephemeral_range": false,
      "reserved": false,
      "holders": [],
      "actions": [],
      "advice": [],
      "diversions": null
    }
  ],
  "ephemeral_range": null
}
`
	if diff := cmp.Diff(want, document(t, Facts{}, free)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// document is the JSON report, indented.
func document(t *testing.T, facts Facts, o ...wrapper.Outcome) string {
	t.Helper()
	var b, indented bytes.Buffer
	if err := WriteJSON(&b, &wrapper.Report{Outcomes: o, Judge: reporttest.Willing}, facts, Prospect{}); err != nil {
		t.Fatal(err)
	}
	if err := json.Indent(&indented, b.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	return indented.String()
}

// An address that the host has, and may not use.
func TestLackText(t *testing.T) {
	for _, tt := range []struct {
		lack netdiag.Lack
		want string
	}{
		{netdiag.Lack{}, "this host does not have fd00::1 (yet)"},
		{netdiag.Lack{Why: netdiag.Tentative, Device: "eth0"},
			"fd00::1 is only tentative on eth0: the network is still asked whether another host has it (duplicate address detection)"},
		{netdiag.Lack{Why: netdiag.Elsewhere, Device: "eth0"},
			"another host on the network of eth0 has fd00::1 as well, so that this one may not use it (duplicate address detection failed)"},
		{netdiag.Lack{Why: netdiag.IPv6Off, Device: "all"}, "IPv6 is switched off (net.ipv6.conf.all.disable_ipv6)"},
	} {
		o := wrapper.Outcome{Lack: tt.lack, Finding: netdiag.Finding{
			Endpoint: netdiag.Endpoint{Protocol: netdiag.TCP, Addr: netip.MustParseAddr("fd00::1"), Port: 80},
			Trial:    netdiag.Trial{Verdict: netdiag.NoAddress, Errno: unix.EADDRNOTAVAIL},
		}}
		if got := (Text{}).headline(&o); !strings.HasSuffix(got, "; "+tt.want) {
			t.Errorf("%+v: %q, want %q", tt.lack, got, tt.want)
		}
	}
}
