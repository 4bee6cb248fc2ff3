package audit

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
)

// The audit of any host, with services of any name, on a terminal of any width: lines of plain characters, a map that fits,
// metrics of a line each, and one JSON document.
func FuzzAuditReport(f *testing.F) {
	f.Add(uint16(32768), uint16(60999), uint16(30010), uint16(30100), "order", "/system.slice/order.service", 80)
	f.Add(uint16(1), uint16(65535), uint16(1), uint16(65535), reporttest.Hostile.Name, "/system.slice/\x1b[2J.service", 11)
	f.Add(uint16(1024), uint16(1024), uint16(1024), uint16(1024), "\u202e", "/docker/"+strings.Repeat("a", 64), -5)
	f.Add(uint16(40000), uint16(40001), uint16(65535), uint16(65535), "a\tb", "", 120)
	f.Fuzz(func(t *testing.T, low, high, first, last uint16, name, cgroup string, width int) {
		low, high, first, last = max(1, min(low, high)), max(low, high, 1), max(1, min(first, last)), max(first, last, 1)
		width = max(mapLabel+2, min(width, 120))
		o := reporttest.Incident()
		h := o.Holders[0]
		h.Cgroup, h.Owners[0].Command, h.Owners[0].User = cgroup, name, name
		r := &result{
			facts:   portrange.Facts{Range: portrange.Range{Low: low, High: high}, Reserved: portrange.Of(last), Unprivileged: 1024},
			sample:  time.Second,
			down:    time.Second,
			planned: portrange.Of(first, last), asked: portrange.Set{{Low: first, High: last}},
			clients: []uint16{low, low, high},
			limits:  []string{name},
		}
		for _, port := range slices.Compact([]uint16{first, last}) {
			r.rows = append(r.rows, entry{
				Port: netdiag.Port{Protocol: netdiag.TCP, Number: port}, asked: true, units: []string{name},
				services: []netdiag.Holder{h}, clients: []netdiag.Holder{h}, inRange: portrange.Range{Low: low, High: high}.Contains(port),
			})
		}
		var text, drawn, doc, metrics bytes.Buffer
		textForm{Page: page.Page{Writer: &text}}.render(r)
		portMap{w: &drawn, width: width, glyphs: glyphsFor(func(string) string { return "C.UTF-8" })}.draw(r)
		for line := range strings.Lines(text.String() + drawn.String()) {
			if rest, bad := reporttest.Unprintable(strings.TrimSuffix(line, "\n")); bad {
				t.Errorf("%q in %q", rest, line)
			}
		}
		strips, _, _ := strings.Cut(drawn.String(), "\n\n")
		for line := range strings.Lines(strips) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns of %d:\n%s", n, width, line)
			}
		}
		if err := writeGauges(&metrics, r.gauges()); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(metrics.String()) {
			if rest, bad := reporttest.Unprintable(strings.TrimSuffix(line, "\n")); bad || !strings.HasPrefix(line, "portguard_") && line[0] != '#' {
				t.Errorf("%q in %q", rest, line)
			}
		}
		if err := r.json(&doc); err != nil {
			t.Fatal(err)
		}
		rest, bad := reporttest.Unprintable(strings.TrimSuffix(doc.String(), "\n"))
		if err := json.Unmarshal(doc.Bytes(), new(JSON)); err != nil || bad {
			t.Errorf("%v, %q\n%s", err, rest, doc.String())
		}
	})
}
