package netdiag_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"portguard/netdiag"
)

// services stands for /etc/services.
func services(protocol, name string) (int, error) {
	ports := map[string]int{
		"tcp/http": 80, "tcp/http-alt": 8080, "tcp/3com-tsmux": 106, "udp/domain": 53,
		"tcp/broken": 0, "tcp/wrong": 65536,
	}
	if port, ok := ports[protocol+"/"+name]; ok {
		return port, nil
	}
	return 0, errors.New("unknown port")
}

func TestParseEndpoints(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string // String of each
	}{
		{"30010", "30010/tcp"},
		{"30010/tcp", "30010/tcp"},
		{"30010/udp", "30010/udp"},
		{"30010/UDP", "30010/udp"},
		{"00080", "80/tcp"},
		{"1", "1/tcp"},
		{"65535", "65535/tcp"},

		{":8080", "8080/tcp"},
		{"*:8080", "8080/tcp"},
		{"127.0.0.1:8080", "127.0.0.1:8080/tcp"},
		{"0.0.0.0:8080", "0.0.0.0:8080/tcp"},
		{"localhost:8080", "127.0.0.1:8080/tcp"},
		{"[::1]:8080", "[::1]:8080/tcp"},
		{"[::]:8080", "[::]:8080/tcp"},
		{"[FD99:0::1]:8080/udp", "[fd99::1]:8080/udp"},
		{"[::ffff:10.99.0.1]:8080", "[::ffff:10.99.0.1]:8080/tcp"},
		{"[fe80::1%eth0]:8080", "[fe80::1%eth0]:8080/tcp"},

		{"0.0.0.0%eth0:67/udp", "0.0.0.0%eth0:67/udp"},
		{"[::]%eth0:547/udp", "[::]%eth0:547/udp"},
		{"[::1]%lo:80", "[::1]%lo:80/tcp"},
		{"*%eth0:80", "*%eth0:80/tcp"},
		{"%eth0:80", "*%eth0:80/tcp"},
		{"localhost%lo:80-81", "127.0.0.1%lo:80/tcp 127.0.0.1%lo:81/tcp"},
		{"[::ffff:10.99.0.1]%eth0.7@x:80", "[::ffff:10.99.0.1]%eth0.7@x:80/tcp"},
		{"[fe80::1]%eth0:80", "[fe80::1%eth0]:80/tcp"}, // as ss has it

		{"http", "80/tcp"},
		{"http-alt", "8080/tcp"},
		{"3com-tsmux", "106/tcp"},
		{"domain/udp", "53/udp"},
		{"127.0.0.1:http", "127.0.0.1:80/tcp"},

		{"30000-30002", "30000/tcp 30001/tcp 30002/tcp"},
		{"7-7", "7/tcp"},
		{"65534-65535/udp", "65534/udp 65535/udp"},
		{"[::1]:80-81", "[::1]:80/tcp [::1]:81/tcp"},
		{"80,127.0.0.1:443,domain/udp", "80/tcp 127.0.0.1:443/tcp 53/udp"},
		{"80,80", "80/tcp 80/tcp"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			endpoints, err := netdiag.ParseEndpoints(tt.text, netdiag.Options{}, services)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range endpoints {
				got = append(got, e.String())
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestParseEndpointsRefuses(t *testing.T) {
	const (
		neither    = "%q is neither a port number nor a tcp service in /etc/services"
		noNumber   = "%q is not a port number"
		noName     = "%q is not an address; a service binds addresses, not names"
		noPort     = "there is no port"
		brackets   = "an IPv6 address needs brackets before its port"
		protoFirst = "the protocol comes after the port"
		url        = "this is a URL; a service binds a port, and perhaps an address"
		network    = "this is a network; a service binds one address of it, or all there are"
	)
	q := func(format, word string) string { return fmt.Sprintf(format, word) }
	for _, tt := range []struct {
		text, part, problem, right string
	}{
		{"", "", noPort, "30010"},
		{"80,,81", "", noPort, "30010"},
		{"80,", "", noPort, "30010"},
		{":", ":", noPort, "30010"},
		{"127.0.0.1:", "127.0.0.1:", noPort, "30010"},
		{"/udp", "/udp", noPort, "30010"},
		{"127.0.0.1", "127.0.0.1", noPort, "127.0.0.1:8080"},
		{"[::1]", "[::1]", noPort, "[::1]:8080"},

		{"0", "0", "port 0 asks the kernel for any port; there is nothing to guard", "30010"},
		{"0-5", "0-5", "port 0 asks the kernel for any port; there is nothing to guard", "30010"},
		{"65536", "65536", "65536 is above 65535, the highest port", "30010"},
		{"99999999999999999999", "99999999999999999999", "99999999999999999999 is above 65535, the highest port", "30010"},
		{"80,65536/udp", "65536/udp", "65536 is above 65535, the highest port", "30010"},

		{"abc", "abc", q(neither, "abc"), "30010"},
		{"80x", "80x", q(neither, "80x"), "30010"},
		{"0x50", "0x50", q(neither, "0x50"), "30010"},
		{"domain", "domain", q(neither, "domain"), "30010"},
		{"broken", "broken", q(neither, "broken"), "30010"},
		{"wrong", "wrong", q(neither, "wrong"), "30010"},
		{"http-https", "http-https", q(neither, "http-https"), "30010"},
		{" 80", " 80", q(noNumber, " 80"), "30010"},
		{"80, 81", " 81", q(noNumber, " 81"), "30010"},
		{"+80", "+80", q(noNumber, "+80"), "30010"},
		{"80.5", "80.5", q(noNumber, "80.5"), "30010"},
		{"٣٠", "٣٠", q(noNumber, "٣٠"), "30010"},

		{"30000-", "30000-", "a range needs both ends", "30000-30009"},
		{"-30009", "-30009", "a range needs both ends", "30000-30009"},
		{"-", "-", "a range needs both ends", "30000-30009"},
		{"30009-30000", "30009-30000", "the range runs backwards", "30000-30009"},
		{"1-2-3", "1-2-3", q(noNumber, "2-3"), "30010"},
		{"1-65536", "1-65536", "65536 is above 65535, the highest port", "30010"},

		{"30010%eth0", "30010%eth0", "the interface belongs to the address, before the port", "*%eth0:30010"},
		{"0.0.0.0%eth0", "0.0.0.0%eth0", noPort, "0.0.0.0%eth0:67"},
		{"[::]%eth0", "[::]%eth0", noPort, "0.0.0.0%eth0:67"},
		{"0.0.0.0%eth0:", "0.0.0.0%eth0:", noPort, "30010"},
		{"0.0.0.0%:67", "0.0.0.0%:67", `"" is not the name of an interface`, "0.0.0.0%eth0:67"},
		{"*%a-name-far-too-long:67", "*%a-name-far-too-long:67", `"a-name-far-too-long" is not the name of an interface`, "0.0.0.0%eth0:67"},
		{"*%..:67", "*%..:67", `".." is not the name of an interface`, "0.0.0.0%eth0:67"},
		{"*%e th:67", "*%e th:67", `"e th" is not the name of an interface`, "0.0.0.0%eth0:67"},
		{"*%a%b:67", "*%a%b:67", `"a%b" is not the name of an interface`, "0.0.0.0%eth0:67"},
		{"[fe80::1%eth0]%eth1:80", "[fe80::1%eth0]%eth1:80", "its interface is given twice", "[fe80::1%eth0]:80"},
		{"fe80::1%eth0:80", "fe80::1%eth0:80", brackets, "[::1]:8080"},

		{"80/sctp", "80/sctp", `"sctp" is neither tcp nor udp`, "30010/udp"},
		{"80/", "80/", `"" is neither tcp nor udp`, "30010/udp"},
		{"80/tcp/udp", "80/tcp/udp", `"tcp/udp" is neither tcp nor udp`, "30010/udp"},
		{"192.0.2.0/24:80", "192.0.2.0/24:80", network, "127.0.0.1:8080"},
		{"192.0.2.0/24", "192.0.2.0/24", network, "127.0.0.1:8080"},
		{"2001:db8::/32", "2001:db8::/32", network, "127.0.0.1:8080"},

		{"::1:8080", "::1:8080", brackets, "[::1]:8080"},
		{"::1", "::1", brackets, "[::1]:8080"},
		{"[::1:8080", "[::1:8080", brackets, "[::1]:8080"},
		{"[fe80::1]:80", "[fe80::1]:80", "a link-local address needs its interface", "[fe80::1%eth0]:80"},
		{"[127.0.0.1]:80", "[127.0.0.1]:80", `"[127.0.0.1]" is not an IPv6 address`, "[::1]:8080"},
		{"[x]:80", "[x]:80", `"[x]" is not an IPv6 address`, "[::1]:8080"},
		{"[]:80", "[]:80", `"[]" is not an IPv6 address`, "[::1]:8080"},
		{"example.org:80", "example.org:80", q(noName, "example.org"), "127.0.0.1:8080"},
		{"lo:80", "lo:80", `"lo" is an interface; a service binds an address of it, or every address on it, which is *%lo:80`, "*%lo:80"},
		{"127.1:80", "127.1:80", q(noName, "127.1"), "127.0.0.1:8080"},
		{" 127.0.0.1:80", " 127.0.0.1:80", q(noName, " 127.0.0.1"), "127.0.0.1:8080"},

		// Other ways to write it.
		{"tcp/80", "tcp/80", protoFirst, "30010/udp"},
		{"udp/80", "udp/80", protoFirst, "30010/udp"},
		{"tcp6:80", "tcp6:80", protoFirst, "30010/udp"},
		{"udp:127.0.0.1:80", "udp:127.0.0.1:80", brackets, "[::1]:8080"},
		{"80:tcp", "80:tcp", q(noName, "80"), "127.0.0.1:8080"},
		{"80/upd", "80/upd", `"upd" is neither tcp nor udp`, "30010/udp"},
		{"http://localhost:8080/health", "http://localhost:8080/health", url, "127.0.0.1:8080"},
		{"https://example.org:8443", "https://example.org:8443", url, "127.0.0.1:8080"},
		{"30000..30009", "30000..30009", q(noNumber, "30000..30009"), "30010"},
		{"30000:30009", "30000:30009", q(noName, "30000"), "127.0.0.1:8080"},
		{"8080:80", "8080:80", q(noName, "8080"), "127.0.0.1:8080"},
		{"80:", "80:", q(noName, "80"), "127.0.0.1:8080"},
		{"80 81", "80 81", q(noNumber, "80 81"), "30010"},
		{"30.010", "30.010", q(noNumber, "30.010"), "30010"},
		{"30O10", "30O10", q(neither, "30O10"), "30010"},
		{"port=80", "port=80", q(neither, "port=80"), "30010"},
		{"*.80", "*.80", q(noNumber, "*.80"), "30010"},
		{"127.0.0.1.80", "127.0.0.1.80", q(noNumber, "127.0.0.1.80"), "30010"},
		{"0:80", "0:80", q(noName, "0"), "127.0.0.1:8080"},
		{"[::1]80", "[::1]80", brackets, "[::1]:8080"},
		{"::1:80", "::1:80", brackets, "[::1]:8080"},
		{":::80", ":::80", brackets, "[::1]:8080"},
		{"2001:db8::5", "2001:db8::5", brackets, "[::1]:8080"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			endpoints, err := netdiag.ParseEndpoints(tt.text, netdiag.Options{}, services)
			want := &netdiag.SyntaxError{Text: tt.part, Problem: tt.problem, Right: tt.right}
			var got *netdiag.SyntaxError
			if !errors.As(err, &got) || endpoints != nil {
				t.Fatalf("%v, %v, want a SyntaxError alone", endpoints, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if _, err := netdiag.ParseEndpoints(got.Right, netdiag.Options{}, services); err != nil {
				t.Errorf("what it shows as right is wrong: %v", err)
			}
		})
	}
}

func TestSyntaxErrorQuotesWhatWasGiven(t *testing.T) {
	_, err := netdiag.ParseEndpoints("80,8 1", netdiag.Options{}, services)
	const want = `endpoint "8 1": "8 1" is not a port number`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestParseEndpointsTakesEveryPort(t *testing.T) {
	endpoints, err := netdiag.ParseEndpoints("1-65535", netdiag.Options{}, services)
	if err != nil || len(endpoints) != 65535 {
		t.Fatalf("%d endpoints, %v", len(endpoints), err)
	}
	for i, e := range endpoints {
		if int(e.Port) != i+1 {
			t.Fatalf("number %d has port %d", i, e.Port)
		}
	}
}

func TestParseEndpointsGivesEachTheOptions(t *testing.T) {
	opts := netdiag.Options{ReuseAddr: netdiag.ReuseNo, ReusePort: true, V6Only: true, FreeBind: true}
	got, err := netdiag.ParseEndpoints("80-81,[::1]:443/udp", opts, services)
	if err != nil {
		t.Fatal(err)
	}
	want := []netdiag.Endpoint{
		{Protocol: netdiag.TCP, Port: 80, Options: opts},
		{Protocol: netdiag.TCP, Port: 81, Options: opts},
		{Protocol: netdiag.UDP, Addr: netip.IPv6Loopback(), Port: 443, Options: opts},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
