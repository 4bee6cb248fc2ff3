package main

import (
	"strings"
	"testing"
)

// Each row is a way in which a server may be worse off behind portguard, and whether that counts.
func TestFaults(t *testing.T) {
	whole := []string{"0.0.0.0", "[::] alone"}
	good := func() result {
		s := start{Listens: whole}
		return result{Alone: s, Share: s, Hold: s, Install: []install{{Flags: "--as pre", start: s}, {Flags: "--as pre --share", start: s}}}
	}
	bare := func(listens ...string) result {
		r := good()
		r.Alone = start{Listens: listens, Bare: true}
		r.Share = start{Failed: "EADDRINUSE"}
		r.Install = []install{{Flags: "--as pre", start: start{Listens: listens}}, {Flags: "--as pre --share", Refused: "in vain"}}
		r.Hold = start{Failed: "EADDRINUSE"}
		return r
	}
	for _, tt := range []struct {
		name   string
		result func() result
		want   string // "" for no fault
	}{
		{"all is well", good, ""},
		{"it does not start by itself", func() result { return result{Alone: start{Failed: "no library"}} }, ""},
		{"the survey went wrong", func() result { r := good(); r.Error = "no root"; return r }, "no root"},
		{"one of two sockets", func() result { r := good(); r.Hold.Listens = whole[:1]; return r }, `hold: it listens on ["0.0.0.0"]`},
		{"no start by --share", func() result { r := good(); r.Share.Failed = "in use"; return r }, "--share: in use"},
		{"a holder that was cut", func() result { r := good(); r.Share.Holder = "cut"; return r }, "its holder: cut"},
		{"no restart", func() result { r := good(); r.Hold.Restart = "in use"; return r }, "hold: restart"},
		{"no restart, as without portguard", func() result { r := good(); r.Hold.Restart, r.Alone.Restart = "in use", "in use"; return r }, ""},
		{"no reload", func() result { r := good(); r.Share.Reload = "gone"; return r }, "--share: reload"},
		{"no start by unit install", func() result { r := good(); r.Install[1].Failed = "in use"; return r }, "unit install --as pre --share: in use"},
		{"unit install refuses", func() result { r := good(); r.Install[0].Refused = "no"; return r }, "unit install --as pre: refused: no"},
		{"[::] without SO_REUSEADDR", func() result { return bare("0.0.0.0", "[::] alone") }, ""},
		{"0.0.0.0 without SO_REUSEADDR", func() result { return bare("0.0.0.0") }, "hold: EADDRINUSE"},
		{"[::1] without SO_REUSEADDR", func() result { return bare("127.0.0.1", "[::1] alone") }, "hold: EADDRINUSE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := tt.result()
			got := strings.Join(r.faults(), "\n")
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
