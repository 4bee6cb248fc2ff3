package flags

import (
	"errors"
	"testing"

	"portguard/netdiag"
)

// With an endpoint that is none comes the one that was meant, or an example.
func TestMeantEndpoint(t *testing.T) {
	for typed, want := range map[string]string{
		"80x":                          "80",
		" 80":                          "80",
		" 81":                          "81",
		"+80":                          "80",
		"-30009":                       "30009",
		"80/sctp":                      "80",
		"80/":                          "80",
		"192.0.2.0/24:80":              "127.0.0.1:80",
		"example.org:80":               "127.0.0.1:80",
		" 127.0.0.1:80":                "127.0.0.1:80",
		"tcp/80":                       "80",
		"udp/80":                       "80/udp",
		"tcp6:80":                      "80",
		"udp:127.0.0.1:80":             "127.0.0.1:80/udp",
		"80/upd":                       "80/udp",
		"http://localhost:8080/health": "localhost:8080",
		"https://example.org:8443":     "127.0.0.1:8443",
		"tcp://*:8443":                 "8443",
		"any:80":                       "80",
		"any:80-90":                    "80-90",
		"app01:80-90":                  "127.0.0.1:80-90",
		"app01:http":                   "127.0.0.1:http",
		"80:udp":                       "80/udp",
		"30000..30009":                 "30000-30009",
		"30000:30009":                  "30000-30009",
		"8080:80":                      "8080",
		"80:":                          "80",
		"80 81":                        "80,81",
		"port=80":                      "80",
		"*.80":                         "80",
		"0:80":                         "80",
		"::1:80":                       "[::1]:80",
		"[::1]80":                      "[::1]:80",
		"127.1:80":                     "127.0.0.1:80",
		"10.0.0.300:80/udp":            "127.0.0.1:80/udp",
		"127.0.0.1.80":                 "127.0.0.1:80",
		"lo:80":                        "*%lo:80",
		"8O8O":                         "8080",
		"3001O":                        "30010",
		"l443":                         "1443",
		"8OOOOO":                       "30010",
		":::80":                        "[::]:80",
		"2001:db8::5":                  "[2001:db8::5]:8080",
		"80 - 90":                      "80-90", "app01:80": "127.0.0.1:80", "80-": "80-89", "abc": "30010", "": "30010", "80/udp;81": "80/udp,81",
	} {
		_, err := ParseEndpoints(typed, netdiag.Options{})
		var wrong *netdiag.SyntaxError
		if !errors.As(err, &wrong) || wrong.Right != want {
			t.Errorf("%q: %+v, want %s", typed, wrong, want)
		}
	}
}
