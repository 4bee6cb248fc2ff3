package served

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// listens is a socket on port 80 that listens at an address: "0.0.0.0", "::" for both families, "::!" for IPv6 alone, "::?" where it is
// not told. A "+" before it makes it somebody else's.
func listens(text string) sockdiag.Socket {
	s := sockdiag.Socket{Protocol: unix.IPPROTO_TCP, State: sockdiag.Listen, Family: unix.AF_INET6, Inode: 1, V6Only: sockdiag.No}
	if text[0] == '+' {
		s.Inode, text = 2, text[1:]
	}
	switch last := len(text) - 1; text[last] {
	case '!':
		s.V6Only, text = sockdiag.Yes, text[:last]
	case '?':
		s.V6Only, text = sockdiag.Unknown, text[:last]
	}
	a := netip.MustParseAddr(text)
	if a.Is4() {
		s.Family = unix.AF_INET
	}
	s.Local = netip.AddrPortFrom(a, 80)
	return s
}

func TestState(t *testing.T) {
	for _, tt := range []struct {
		name, endpoint string
		v6only         bool
		listening      []string
		lacks          string // "" for nothing
		free, taken    State  // as nobody, or somebody else, has what it lacks
	}{
		{"nobody listens", "80", false, nil, "", Deaf, Deaf},
		{"on both families at once", "80", false, []string{"::"}, "", Whole, Whole},
		{"not told whether on both", "80", false, []string{"::?"}, "", Whole, Whole},
		{"on each family", "80", false, []string{"0.0.0.0", "::!"}, "", Whole, Whole},
		{"on IPv6 alone", "80", false, []string{"::!"}, "0.0.0.0:80", Whole, Half},
		{"on IPv4 alone", "80", false, []string{"0.0.0.0"}, "[::]:80", Whole, Half},
		{"on one loopback address", "80", false, []string{"127.0.0.1"}, "[::1]:80", Whole, Half},
		{"on the other loopback address", "80", false, []string{"::1"}, "127.0.0.1:80", Whole, Half},
		{"on both loopback addresses", "80", false, []string{"127.0.0.1", "::1"}, "", Whole, Whole},
		{"on an address of the host", "80", false, []string{"192.0.2.1"}, "[::]:80", Whole, Half},
		{"on a v4-mapped address", "80", false, []string{"::ffff:192.0.2.1"}, "[::]:80", Whole, Half},
		{"somebody else on both families", "80", false, []string{"+::"}, "", Other, Other},
		{"somebody else on one family, it on the other", "80", false, []string{"+0.0.0.0", "::!"}, "0.0.0.0:80", Whole, Half},
		{"the old process and the new one", "80", false, []string{"+::", "::"}, "", Whole, Whole},
		{"IPv6 alone is meant", "80", true, []string{"::!"}, "", Whole, Whole},
		{"IPv6 alone is meant, and IPv4 found", "80", true, []string{"0.0.0.0"}, "", Deaf, Deaf},
		{"[::] is meant", "[::]:80", false, []string{"::!"}, "0.0.0.0:80", Whole, Half},
		{"[::] is meant, and each family found", "[::]:80", false, []string{"::!", "0.0.0.0"}, "", Whole, Whole},
		{"[::] is meant, and 0.0.0.0 found", "[::]:80", false, []string{"0.0.0.0"}, "", Deaf, Deaf},
		{"[::] is meant, and an address found", "[::]:80", false, []string{"2001:db8::1"}, "", Deaf, Deaf},
		{"0.0.0.0 is meant", "0.0.0.0:80", false, []string{"0.0.0.0"}, "", Whole, Whole},
		{"0.0.0.0 is meant, and both families found", "0.0.0.0:80", false, []string{"::"}, "", Whole, Whole},
		{"0.0.0.0 is meant, and IPv6 alone found", "0.0.0.0:80", false, []string{"::!"}, "", Deaf, Deaf},
		{"one address is meant", "127.0.0.1:80", false, []string{"127.0.0.1"}, "", Whole, Whole},
		{"one address is meant, and every address found", "127.0.0.1:80", false, []string{"0.0.0.0"}, "", Whole, Whole},
		{"one address is meant, and another found", "127.0.0.1:80", false, []string{"127.0.0.2"}, "", Deaf, Deaf},
		{"one address is meant, and somebody else on every", "127.0.0.1:80", false, []string{"+::"}, "", Other, Other},
		{"one IPv6 address is meant, and 0.0.0.0 found", "[::1]:80", false, []string{"0.0.0.0"}, "", Deaf, Deaf},
		{"another port", "81", false, []string{"::"}, "", Deaf, Deaf},
		{"another protocol", "80/udp", false, []string{"::"}, "", Deaf, Deaf},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, err := netdiag.ParseEndpoints(tt.endpoint, netdiag.Options{V6Only: tt.v6only}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var sockets []sockdiag.Socket
			for _, text := range tt.listening {
				sockets = append(sockets, listens(text))
			}
			look := At(all[0], sockets, func(s sockdiag.Socket) bool { return s.Inode == 1 })
			lacks := ""
			if half, some := look.Lacks(); some {
				lacks = half.Bind()
				if half.V6Only != half.Addr.Is6() {
					t.Errorf("%s with V6Only %v would not be one half", lacks, half.V6Only)
				}
			}
			if lacks != tt.lacks {
				t.Errorf("lacks %q, want %q", lacks, tt.lacks)
			}
			if free, taken := look.State(false), look.State(true); free != tt.free || taken != tt.taken {
				t.Errorf("%s and %s, want %s and %s", free, taken, tt.free, tt.taken)
			}
		})
	}
}
