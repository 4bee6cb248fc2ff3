package e2e

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/report"
	"portguard/internal/needs"
	"portguard/netdiag/nstest"
)

// A rule sends a port's clients elsewhere: it is free, and nobody comes. Report and audit say so; a start with a free port does not ask.
func TestDivertedPort(t *testing.T) {
	needs.Program(t, "nft", "nftables")
	setRange(t, 32768, 60999)
	nstest.Addr(t, "10.99.0.1/32")
	r := newSysctlRig(t)
	nft := func(rules string) {
		cmd := exec.Command("nft", "-f", "-")
		cmd.Stdin = strings.NewReader(rules)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	nft(`table ip nat {
	chain prerouting {
		type nat hook prerouting priority dstnat
		tcp dport 30010 dnat to 172.17.0.2:80
	}
}
`)
	t.Cleanup(func() { nft("flush ruleset\n") })

	const sentence = "clients of other hosts are sent to 172.17.0.2:80 by the firewall (nftables, ip nat prerouting), whoever listens here"
	says(t, joined(r.runs(t, 0, "-p", "30010")), "30010/tcp is free", "nat "+sentence)
	says(t, joined(r.runs(t, 0, "audit", "--sample", "10ms", "30010")), sentence)
	says(t, joined(r.runs(t, cli.ExitUnavailable, "ready", "-p", "30010")), "30010/tcp is not listened on by anybody", "nat "+sentence)
	if out := r.runs(t, 0, "-p", "30011"); strings.Contains(out, "nat ") {
		t.Errorf("of another port:\n%s", out)
	}
	if out := r.runs(t, 0, "-p", "30010", "--", "true"); out != "" {
		t.Errorf("a start with a free port says\n%s", out)
	}

	var doc report.JSONReport
	if err := json.Unmarshal([]byte(r.runs(t, 0, "--json", "-p", "30010,30011")), &doc); err != nil {
		t.Fatal(err)
	}
	if d := *doc.Endpoints[0].Diversions; len(d) != 1 || *d[0].To != "172.17.0.2:80" || d[0].Rule != "ip nat prerouting" || d[0].Local || d[0].Some {
		t.Errorf("30010: %+v", d)
	}
	for _, p := range r.audits(t, 0, "30010").Ports {
		if d := *p.Diversions; len(d) != 1 {
			t.Errorf("audit: %+v", d)
		}
	}

	nstest.Root(t) // who may see that there is no rule of iptables-legacy
	if d := *doc.Endpoints[1].Diversions; len(d) != 0 {
		t.Errorf("30011: %+v", d)
	}
	r.Prefix = []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
	says(t, joined(r.runs(t, cli.ExitOK, "audit", "--sample", "10ms", "30010")), "whether the firewall sends clients elsewhere cannot be seen", "CAP_NET_ADMIN")
}

// Rules of iptables-legacy are not read: that is said where there are any, and nothing is claimed to be not diverted.
func TestRulesOfIptablesLegacy(t *testing.T) {
	nstest.Root(t)
	needs.Program(t, "iptables-legacy", "iptables")
	r := newSysctlRig(t)
	// In a network namespace of its own: one that had such tables keeps them, emptied, to its end.
	p := launch(t, "unshare", "-n", "sh", "-c", "ip link set lo up && ip addr add 10.99.0.2/32 dev lo && echo up && exec sleep 1h")
	p.expect(t, "up")
	r.Prefix = []string{"nsenter", "-t", strconv.Itoa(p.pid()), "-n", "--"}
	const sentence = "whether rules of iptables-legacy send clients elsewhere is not looked at"
	if out := r.runs(t, 0, "audit", "--sample", "10ms", "30010"); strings.Contains(out, "iptables-legacy") {
		t.Errorf("without them:\n%s", out)
	}
	rule := append(r.Prefix, "iptables-legacy", "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "30010", "-j", "REDIRECT", "--to-ports", "80")
	if out, err := exec.Command(rule[0], rule[1:]...).CombinedOutput(); err != nil {
		t.Skipf("needs a kernel with iptables-legacy: %s", out)
	}
	says(t, joined(r.runs(t, 0, "audit", "--sample", "10ms", "30010")), sentence)
	if doc := r.audits(t, 0, "30010"); !slices.Contains(doc.Limits, sentence) || doc.Ports[0].Diversions != nil {
		t.Errorf("limits %q, diversions %v", doc.Limits, doc.Ports[0].Diversions)
	}
	metrics := r.runs(t, 0, "audit", "--sample", "10ms", "--openmetrics", "30010")
	if !strings.Contains(metrics, `portguard_firewall_unread_info{program="iptables-legacy"} 1`) || strings.Contains(metrics, "portguard_port_diverted{") {
		t.Errorf("metrics:\n%s", metrics)
	}
}
