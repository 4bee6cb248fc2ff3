package audit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/portrange"
)

func mapped(t *testing.T) *result {
	t.Helper()
	row := func(port uint16) entry {
		return entry{
			Port: netdiag.Port{Protocol: netdiag.TCP, Number: port}, inRange: true, services: []netdiag.Holder{{Kind: netdiag.Listener}},
		}
	}
	return &result{
		facts:   portrange.Facts{Range: portrange.Range{Low: 32768, High: 60999}, Reserved: portrange.Set{{Low: 50000, High: 50100}}},
		rows:    []entry{row(40000), row(40010)},
		planned: portrange.Of(22, 40000, 40010),
		clients: []uint16{40004, 40004, 45000},
	}
}

func TestPortMap(t *testing.T) {
	utf8, ascii := glyphsFor(func(string) string { return "de_DE.UTF-8" }), glyphsFor(func(string) string { return "C" })
	zoomed := mapped(t)
	zoomed.asked = portrange.Set{{Low: 40000, High: 40015}}
	for _, tt := range []struct {
		name   string
		report *result
		width  int
		glyphs glyphs
		want   string
	}{
		{"on a UTF-8 terminal", mapped(t), 51, utf8, `
ports     1                   32768          65535
picked    ····················━━━━━━━━━━×━━━━━━━··
services  ●                       ▲
clients                           ░  ░

          ━ range  × reserved  ● service  ▲ at risk
          ░▒▓█ clients, few to many
`},
		{"elsewhere, with the ports that were asked about", zoomed, 51, ascii, `
ports     1                   32768          65535
picked    ....................==========r=======..
services  o                       !
clients                           .  .

ports     40000      40015
picked    ================
services  !         !
clients       #

          = range  r reserved  o service  ! at risk
          .:+# clients, few to many
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			b.WriteByte('\n')
			portMap{w: &b, width: tt.width, glyphs: tt.glyphs}.draw(tt.report)
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// No terminal is too narrow, and no strip is wider than it.
func TestPortMapFits(t *testing.T) {
	for _, width := range []int{1, 12, 20, 80, 500} {
		r := mapped(t)
		r.asked = portrange.Of(1, 65535)
		var b strings.Builder
		portMap{w: &b, width: width, glyphs: glyphsFor(func(string) string { return "" })}.draw(r)
		for line := range strings.Lines(b.String()) {
			if n := len(strings.TrimSpace(line)); n > max(width, 12) && !strings.HasSuffix(line, " few to many\n") {
				t.Errorf("width %d: %d columns: %q", width, n, line)
			}
		}
	}
}
