package nat

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/internal/needs"
	"portguard/netdiag/nstest"
)

func TestMain(m *testing.M) { os.Exit(nstest.Main(m)) }

// ruleset has rules of every form in which a port is named.
const ruleset = `
table ip nat {
  set ports { type inet_service; flags interval; elements = { 9000-9010, 9020 } }
  map elsewhere { type inet_service : ipv4_addr; elements = { 7000 : 10.0.0.7 } }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    tcp dport 30010 dnat to 10.0.0.5:80
    iifname "eth9" tcp dport 30011 redirect to :8080
    fib daddr type local tcp dport 30012 dnat to 10.0.0.6
    tcp dport @ports dnat to 10.0.0.8
    dnat to tcp dport map @elsewhere
    ip daddr 10.96.0.10 tcp dport 30013 dnat to 10.0.0.9
    ip daddr 10.99.0.0/24 tcp dport 30015 dnat to 10.0.0.9
    ip saddr 192.0.2.0/24 tcp dport 30016 return
    tcp dport 30016 dnat to 10.0.0.11
    tcp dport 30017 accept
    tcp dport 30017 dnat to 10.0.0.12
    tcp dport vmap { 30014 : jump deep }
    tcp dport 30018 redirect to :30018
    tcp dport 30019 numgen random mod 2 0 dnat to 10.0.0.13
    tcp dport != 1-40000 dnat to 10.0.0.14
    tcp dport 30021 dnat to numgen random mod 2 map { 0 : 10.0.0.15, 1 : 10.0.0.16 }
    tcp dport 30022 dnat to ip saddr map { 10.1.0.0/16 : 10.0.0.15, 10.2.0.0/16 : 10.0.0.16 }
    tcp dport 30023 redirect to :numgen random mod 2 offset 8000
    tcp dport 30028 jump aside
    tcp dport 30028 dnat to 10.0.0.21
    udp dport 5353 redirect to :53
    tcp dport 30081 dnat to 10.0.0.22-10.0.0.25
    tcp dport 30082 dnat to 10.0.0.22:81-85
    tcp dport 30083 redirect to :30080-30090
    ip daddr . tcp dport { 10.99.0.1 . 30070-30079 } dnat to 10.0.0.18
    ip daddr . meta l4proto . th dport vmap { 10.99.0.1 . tcp . 30026 : goto deep }
    dnat ip to ip daddr . tcp dport map { 10.99.0.1 . 30027 : 10.0.0.19 . 80 }
  }
  chain aside {
    ip saddr 192.0.2.0/24 accept
  }
  chain deep {
    tcp dport 30014 counter dnat to 10.0.0.10:30014
    tcp dport 30026 dnat to 10.0.0.20
  }
}
table inet out {
  chain out {
    type nat hook output priority 0
    tcp dport 30010 redirect to :31
    tcp dport 30025 dnat ip to 10.0.0.17
  }
}
`

// iptablesRules are as docker and administrators write them.
const iptablesRules = `
iptables -t nat -N DOCKER
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 30020 -j DNAT --to-destination 172.17.0.2:80
iptables -t nat -A PREROUTING -p tcp -m multiport --dports 30030,30040:30050 -m comment --comment x -j REDIRECT --to-ports 99
iptables -t nat -A PREROUTING -p tcp --dport 30024 -j NETMAP --to 10.98.0.0/24
iptables -t nat -A PREROUTING -p tcp --dport 30084 -j DNAT --to-destination 10.0.0.22-10.0.0.25:80
ip6tables -t nat -A PREROUTING -p tcp --dport 30085 -j DNAT --to-destination [fd00::5-fd00::9]:80-90
ip6tables -t nat -A PREROUTING -p tcp --dport 30060 -j DNAT --to-destination [fd00::5]:80
`

func rules(t *testing.T, nft, sh string) *Rules {
	t.Helper()
	needs.Program(t, "nft", "nftables")
	needs.Program(t, "iptables", "iptables")
	for _, c := range [][]string{{"nft", "-f", "-"}, {"sh", "-ec", sh}} {
		cmd := exec.Command(c[0], c[1:]...)
		cmd.Stdin = strings.NewReader(nft)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", c, err, out)
		}
	}
	t.Cleanup(func() { _ = exec.Command("nft", "flush", "ruleset").Run() })
	r, err := Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What rules do with a port's clients, as nft(8) and iptables(8) write them.
func TestDiversions(t *testing.T) {
	nstest.Addr(t, "10.99.0.1/32")
	nstest.Addr(t, "fd99::1/128")
	r := rules(t, ruleset, iptablesRules)
	for _, tt := range []struct {
		name     string
		protocol uint8
		address  string // "" for every
		port     uint16
		want     []string
	}{
		{"a port", unix.IPPROTO_TCP, "", 30010, []string{"ip nat prerouting 10.0.0.5:80", "inet out out :31 local"}},
		{"of another protocol", unix.IPPROTO_UDP, "", 30010, nil},
		{"on IPv6", unix.IPPROTO_TCP, "fd99::1", 30010, []string{"inet out out :31 local"}},
		{"on an address", unix.IPPROTO_TCP, "10.99.0.1", 30010, []string{"ip nat prerouting 10.0.0.5:80", "inet out out :31 local"}},
		{"on loopback, where nobody comes from outside", unix.IPPROTO_TCP, "127.0.0.1", 30010, []string{"inet out out :31 local"}},
		{"by an interface", unix.IPPROTO_TCP, "", 30011, []string{"ip nat prerouting :8080 some"}},
		{"to an address of this host", unix.IPPROTO_TCP, "", 30012, []string{"ip nat prerouting 10.0.0.6"}},
		{"to another host's", unix.IPPROTO_TCP, "", 30013, nil},
		{"in a prefix", unix.IPPROTO_TCP, "", 30015, []string{"ip nat prerouting 10.0.0.9"}},
		{"in a set", unix.IPPROTO_TCP, "", 9005, []string{"ip nat prerouting 10.0.0.8"}},
		{"a set's single", unix.IPPROTO_TCP, "", 9020, []string{"ip nat prerouting 10.0.0.8"}},
		{"between a set's intervals", unix.IPPROTO_TCP, "", 9011, nil},
		{"by a map", unix.IPPROTO_TCP, "", 7000, []string{"ip nat prerouting 10.0.0.7"}},
		{"in no map", unix.IPPROTO_TCP, "", 7001, nil},
		{"by a map of verdicts", unix.IPPROTO_TCP, "", 30014, []string{"ip nat deep 10.0.0.10:30014"}},
		{"but for some", unix.IPPROTO_TCP, "", 30016, []string{"ip nat prerouting 10.0.0.11 some"}},
		{"behind an accept", unix.IPPROTO_TCP, "", 30017, nil},
		{"to itself", unix.IPPROTO_TCP, "", 30018, nil},
		{"by chance", unix.IPPROTO_TCP, "", 30019, []string{"ip nat prerouting 10.0.0.13 some"}},
		{"to one of several hosts by chance", unix.IPPROTO_TCP, "", 30021, []string{"ip nat prerouting ? some"}},
		{"by where they come from", unix.IPPROTO_TCP, "", 30022, []string{"ip nat prerouting ? some"}},
		{"to a port by chance", unix.IPPROTO_TCP, "", 30023, []string{"ip nat prerouting ? some"}},
		{"to another prefix", unix.IPPROTO_TCP, "", 30024, []string{"ip nat PREROUTING ?"}},
		{"an IPv4 target of both families' table, on IPv6", unix.IPPROTO_TCP, "::1", 30025, nil},
		{"in a range of an address's ports", unix.IPPROTO_TCP, "", 30073, []string{"ip nat prerouting 10.0.0.18"}},
		{"outside of it", unix.IPPROTO_TCP, "", 30080, nil},
		{"as kube-proxy does", unix.IPPROTO_TCP, "", 30026, []string{"ip nat deep 10.0.0.20"}},
		{"by a map of addresses and ports", unix.IPPROTO_TCP, "", 30027, []string{"ip nat prerouting 10.0.0.19:80"}},
		{"but for some, who leave in another chain", unix.IPPROTO_TCP, "", 30028, []string{"ip nat prerouting 10.0.0.21 some"}},
		{"outside of a range", unix.IPPROTO_TCP, "", 40001, []string{"ip nat prerouting 10.0.0.14"}},
		{"to a range of hosts", unix.IPPROTO_TCP, "", 30081, []string{"ip nat prerouting 10.0.0.22 to 10.0.0.25"}},
		{"to a range of ports", unix.IPPROTO_TCP, "", 30082, []string{"ip nat prerouting 10.0.0.22:81 to 10.0.0.22:85"}},
		{"to a range that it is in", unix.IPPROTO_TCP, "", 30083, []string{"ip nat prerouting :30080 to :30090"}},
		{"to a range of hosts, by iptables", unix.IPPROTO_TCP, "", 30084, []string{"ip nat PREROUTING 10.0.0.22:80 to 10.0.0.25:80"}},
		{"to a range of hosts and ports, by ip6tables", unix.IPPROTO_TCP, "", 30085, []string{"ip6 nat PREROUTING [fd00::5]:80 to [fd00::9]:90"}},
		{"UDP", unix.IPPROTO_UDP, "", 5353, []string{"ip nat prerouting :53"}},
		{"as docker does", unix.IPPROTO_TCP, "", 30020, []string{"ip nat DOCKER 172.17.0.2:80 some"}},
		{"one of iptables' ports", unix.IPPROTO_TCP, "", 30030, []string{"ip nat PREROUTING :99"}},
		{"in a range of iptables'", unix.IPPROTO_TCP, "", 30045, []string{"ip nat PREROUTING :99"}},
		{"outside of iptables' ranges", unix.IPPROTO_TCP, "", 30031, nil},
		{"by ip6tables", unix.IPPROTO_TCP, "", 30060, []string{"ip6 nat PREROUTING [fd00::5]:80"}},
		{"by ip6tables, of IPv4 alone", unix.IPPROTO_TCP, "0.0.0.0", 30060, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var address netip.Addr
			if tt.address != "" {
				address = netip.MustParseAddr(tt.address)
			}
			var got []string
			for _, d := range r.Of(tt.protocol, address, tt.port) {
				got = append(got, words(d))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func words(d Diversion) string {
	text := d.Rule() + " " + place(d.To)
	if d.Last != d.To {
		text += " to " + place(d.Last)
	}
	if d.Some {
		text += " some"
	}
	if d.Local {
		text += " local"
	}
	return text
}

func place(to netip.AddrPort) string {
	switch {
	case to.Addr().IsValid() && to.Port() != 0:
		return to.String()
	case to.Addr().IsValid():
		return to.Addr().String()
	case to.Port() != 0:
		return fmt.Sprintf(":%d", to.Port())
	}
	return "?"
}

// Of a list of 20,000 prefixes, as blocklists have, the answer takes milliseconds.
func TestLongLists(t *testing.T) {
	nstest.Root(t) // who may give nft a larger buffer than a user's
	nstest.Addr(t, "10.99.0.1/32")
	var prefixes []string
	for i := range 20_000 {
		prefixes = append(prefixes, fmt.Sprintf("20.%d.%d.0/25", i/256, i%256))
	}
	r := rules(t, `
table ip nat {
  set some {
    type ipv4_addr; flags interval
    elements = { `+strings.Join(prefixes, ", ")+` }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat
    ip saddr @some tcp dport 30010 dnat to 10.0.0.5
  }
}
`, "true")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := processorTime(t)
	if d := r.Of(unix.IPPROTO_TCP, netip.Addr{}, 30010); len(d) != 1 || !d[0].Some {
		t.Errorf("%+v", d)
	}
	if took := processorTime(t) - began; took > time.Second {
		t.Errorf("%s", took)
	}
}

// processorTime is the thread's, so that a busy machine changes nothing.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Nano())
}

// Of thousands of rules, as kube-proxy has them, those that name another port or address are passed by at a glance, however iptables
// writes them.
func TestManyRules(t *testing.T) {
	nstest.Root(t) // as above
	var lines strings.Builder
	for i := range 500 {
		fmt.Fprintf(&lines, "-A PREROUTING -d 10.96.0.%d/32 -p tcp -m comment --comment x -m tcp --dport 30010 -j DNAT --to-destination 10.0.0.5\n", i%250+1)
		fmt.Fprintf(&lines, "-A PREROUTING -p tcp -m comment --comment x -m tcp --dport %d -j DNAT --to-destination 10.0.0.5\n", 30001+i)
	}
	r := rules(t, "table inet t {\n chain c {\n  type nat hook prerouting priority 0\n  ip daddr 10.96.0.1 accept\n  ip6 daddr fd96::1 accept\n  tcp dport 1-2 redirect to :1\n }\n}\n",
		"iptables-restore <<'E'\n*nat\n"+lines.String()+"COMMIT\nE\n")
	looked := 0
	for _, c := range r.chains {
		for _, rule := range c.rules {
			if !rule.misses(packet{unix.IPPROTO_TCP, netip.MustParseAddr("10.99.0.1"), 30010, hookPrerouting}) {
				looked++
			}
		}
	}
	if want := 1 + 2; looked != want { // the range, and the other family's address
		t.Errorf("%d rules are looked at, want %d", looked, want)
	}
}

// The kernel does what is told of it: bind() and listen() succeed, and the client is somebody else's.
func TestDivertedClientsDoNotCome(t *testing.T) {
	r := rules(t, ruleset, "")
	if d := r.Of(unix.IPPROTO_TCP, netip.Addr{}, 30010); len(d) == 0 || !d[len(d)-1].Local || d[len(d)-1].Some {
		t.Fatalf("told: %+v", d)
	}
	here, there := listen(t, "127.0.0.1:30010"), listen(t, "127.0.0.1:31")
	c, err := net.Dial("tcp4", "127.0.0.1:30010")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := there.AcceptTCP(); err != nil {
		t.Fatalf("the client has not come where the rule sends it: %v", err)
	}
	if err := here.SetDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if c, err := here.AcceptTCP(); err == nil {
		t.Errorf("%v has come", c.RemoteAddr())
	}
}

func listen(t *testing.T, address string) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second)) // of a new listener
	return l.(*net.TCPListener)
}

func TestWithoutRules(t *testing.T) {
	r, err := Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := r.Of(unix.IPPROTO_TCP, netip.Addr{}, 30010); len(d) != 0 {
		t.Errorf("%+v", d)
	}
}

func TestReadTakesAPrivilege(t *testing.T) {
	nstest.Root(t)
	nstest.As(t, 65534, func() {
		if _, err := Read(t.Context()); err != ErrNotPermitted {
			t.Errorf("%v, want %v", err, ErrNotPermitted)
		}
	})
}

func TestReadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx); err != context.Canceled {
		t.Errorf("%v", err)
	}
}

// A look must not load nftables into the kernel.
func TestNftablesLoaded(t *testing.T) {
	for name, tt := range map[string]struct {
		conntrack bool
		modules   string // "-" for a kernel without modules
		want      bool
	}{
		"nothing tracks connections": {false, "nf_tables 1 0 - Live\n", false},
		"a module":                   {true, "nf_tables 1 0 - Live\nnf_conntrack 1 0 - Live\n", true},
		"iptables-legacy alone":      {true, "ip_tables 1 0 - Live\nnf_conntrack 1 0 - Live\n", false},
		"built in":                   {true, "loop 1 0 - Live\n", true},
		"no modules at all":          {true, "-", true},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			make := func(path, text string) {
				if err := os.MkdirAll(root+"/"+path[:strings.LastIndex(path, "/")], 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(root+"/"+path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if tt.conntrack {
				make("proc/sys/net/netfilter/nf_conntrack_max", "65536\n")
			}
			if tt.modules != "-" {
				make("proc/modules", tt.modules)
			}
			if got := nftablesLoaded(root); got != tt.want {
				t.Errorf("%v", got)
			}
		})
	}
}
