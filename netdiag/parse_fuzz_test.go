package netdiag_test

import (
	"errors"
	"strings"
	"testing"

	"portguard/netdiag"
)

// What parses is printed in forms that parse to the same again.
func FuzzParseEndpoints(f *testing.F) {
	for _, text := range []string{
		"30010", "30010/udp", "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:8080", ":8080", "*:8080", "localhost:8080",
		"30000-30009", "http", "http-alt", "80,,81", "[fe80::1%eth0]:80", "[::ffff:10.0.0.1]:80/tcp", "-30009", "1-65535",
		"[::ffff:10.0.0.1%eth0]:80", "[fe80::1%e]:th0]:80", "65536", "+1", "::1:80",
		"0.0.0.0%eth0:67/udp", "[::]%eth0:547/udp", "*%eth0:80", "%eth0:1-2", "[fe80::1]%eth0:80", "[fe80::1%eth0]%eth0:80", "30010%eth0", "a]%b[:1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "-") > 3 {
			return // tens of thousands of endpoints each
		}
		endpoints, err := netdiag.ParseEndpoints(text, netdiag.Options{}, services)
		if err != nil {
			var syntax *netdiag.SyntaxError
			if !errors.As(err, &syntax) || endpoints != nil {
				t.Fatalf("%v, %v", endpoints, err)
			}
			return
		}
		for _, e := range []netdiag.Endpoint{endpoints[0], endpoints[len(endpoints)-1]} {
			if e.Port == 0 || e.Addr.Is4() && e.Addr.Zone() != "" || e.Device != "" && (e.Addr.Zone() != "" || e.Addr.Is6() && e.Addr.IsLinkLocalUnicast()) {
				t.Errorf("endpoint %+v", e)
			}
			for _, printed := range []string{e.String(), e.Bind() + "/" + e.Protocol.String()} {
				again, err := netdiag.ParseEndpoints(printed, netdiag.Options{}, services)
				if err != nil || len(again) != 1 || again[0] != e {
					t.Errorf("%q parses to %+v, which prints as %q, which parses to %+v, %v", text, e, printed, again, err)
				}
			}
		}
	})
}
