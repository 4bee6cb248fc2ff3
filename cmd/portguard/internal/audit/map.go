package audit

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag/portrange"
)

// glyphs are what the map is drawn with.
type glyphs struct {
	empty, inRange, reserved, service, risk string
	density                                 []string // of clients, from few to many
}

// glyphsFor goes by the locale, as the C library does.
func glyphsFor(getenv func(string) string) glyphs {
	locale := strings.ToUpper(cmp.Or(getenv("LC_ALL"), getenv("LC_CTYPE"), getenv("LANG")))
	if strings.Contains(locale, "UTF-8") || strings.Contains(locale, "UTF8") {
		return glyphs{"·", "━", "×", "●", "▲", []string{"░", "▒", "▓", "█"}}
	}
	return glyphs{".", "=", "r", "o", "!", []string{".", ":", "+", "#"}}
}

// portMap draws ports as strips, one below the other.
type portMap struct {
	w      io.Writer
	paint  page.Paint
	width  int
	glyphs glyphs
}

const mapLabel = 10 // columns before a strip

func (m portMap) draw(r *result) {
	whole := portrange.Range{Low: 1, High: 65535}
	m.strips(r, whole)
	if len(r.asked) > 0 {
		fmt.Fprintln(m.w)
		m.strips(r, portrange.Range{Low: r.asked[0].Low, High: r.asked[len(r.asked)-1].High})
	}
	m.legend()
}

// legend says what the signs mean, in as many lines as it takes.
func (m portMap) legend() {
	g := m.glyphs
	fmt.Fprintln(m.w)
	column := 0
	for _, item := range []struct{ sign, means string }{
		{g.inRange, "range"}, {g.reserved, "reserved"}, {g.service, "service"}, {g.risk, "at risk"}, {strings.Join(g.density, ""), "clients, few to many"},
	} {
		length := utf8.RuneCountInString(item.sign + " " + item.means)
		switch {
		case column == 0:
			fmt.Fprint(m.w, strings.Repeat(" ", mapLabel))
			column = mapLabel
		case column+2+length > m.width:
			fmt.Fprint(m.w, "\n"+strings.Repeat(" ", mapLabel))
			column = mapLabel
		default:
			fmt.Fprint(m.w, "  ")
			column += 2
		}
		sign := item.sign
		if sign == g.risk {
			sign = m.paint.Bad(sign)
		}
		fmt.Fprintf(m.w, "%s %s", sign, item.means)
		column += length
	}
	fmt.Fprintln(m.w)
}

// strips draws some ports: what the kernel may pick, who serves where, who sits where.
func (m portMap) strips(r *result, of portrange.Range) {
	span := int(of.High) - int(of.Low) + 1
	cells := max(1, min(m.width-mapLabel-1, span))
	ports := func(cell int) portrange.Range {
		return portrange.Range{Low: of.Low + uint16(cell*span/cells), High: of.Low + uint16((cell+1)*span/cells-1)}
	}
	var pick, serve, sit strings.Builder
	risky, services := r.risky(), r.planned.Minus(r.asked).Union(r.served())
	held := r.clientsIn(ports, cells)
	for i := range cells {
		here := portrange.Set{ports(i)}
		picked := here.Intersect(portrange.Set{r.facts.Range})
		switch {
		case len(picked) == 0:
			pick.WriteString(m.glyphs.empty)
		case len(picked.Intersect(r.facts.Reserved)) > 0:
			pick.WriteString(m.glyphs.reserved)
		default:
			pick.WriteString(m.glyphs.inRange)
		}
		switch {
		case len(here.Intersect(risky)) > 0:
			serve.WriteString(m.paint.Bad(m.glyphs.risk))
		case len(here.Intersect(services)) > 0:
			serve.WriteString(m.glyphs.service)
		default:
			serve.WriteString(" ")
		}
		sit.WriteString(m.density(held[i], here[0]))
	}
	for _, strip := range []struct{ label, text string }{
		{"ports", scale(of, cells)}, {"picked", pick.String()}, {"services", serve.String()}, {"clients", sit.String()},
	} {
		fmt.Fprintln(m.w, strings.TrimRight(m.label(strip.label)+strip.text, " "))
	}
}

func (m portMap) label(s string) string {
	return m.paint.Label(s) + strings.Repeat(" ", mapLabel-len(s))
}

// density is how many clients there are for the ports of a cell, on a scale that shows one already.
func (m portMap) density(clients int, ports portrange.Range) string {
	if clients == 0 {
		return " "
	}
	share := float64(clients) / float64(int(ports.High)-int(ports.Low)+1)
	level := 0
	for limit := 0.05; level < len(m.glyphs.density)-1 && share >= limit; limit *= 4 {
		level++
	}
	return m.glyphs.density[level]
}

// scale has the first port at the left end and the last at the right one, and one in the middle where there is room.
func scale(of portrange.Range, cells int) string {
	first, last := strconv.Itoa(int(of.Low)), strconv.Itoa(int(of.High))
	middle := strconv.Itoa(int(of.Low) + (int(of.High)-int(of.Low))/2)
	gap := cells - len(first) - len(last)
	switch {
	case gap < 1:
		return first
	case gap < len(middle)+4:
		return first + strings.Repeat(" ", gap) + last
	}
	left := min(max(1, cells/2-len(first)), gap-len(middle)-1)
	return first + strings.Repeat(" ", left) + middle + strings.Repeat(" ", gap-left-len(middle)) + last
}

// clientsIn counts clients by cell.
func (r *result) clientsIn(ports func(int) portrange.Range, cells int) []int {
	counts := make([]int, cells)
	byPort := map[uint16]int{}
	for _, p := range r.clients {
		byPort[p]++
	}
	for i := range cells {
		here := ports(i)
		for p := int(here.Low); p <= int(here.High); p++ {
			counts[i] += byPort[uint16(p)]
		}
	}
	return counts
}
