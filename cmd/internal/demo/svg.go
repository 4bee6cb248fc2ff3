package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// Pixels.
const (
	charWidth, lineHeight, fontSize = 8.43, 19, 14
	margin, titleBar                = 16, 34
)

// svg is the recording as a picture that moves by itself, in a browser and on a page that allows no scripts.
//
// All lines stand below one another from the beginning. A cover of the background's colour hides those that are to come, a
// second one the rest of the line that is being typed, and when the screen is full everything moves up by a line. Where
// nothing moves, as in print or for who wants it so, the last screen is seen.
func svg(events []event, columns, rows int) []byte {
	lines := screen(events, columns)
	if n := len(lines); len(lines[n-1].cells) == 0 {
		lines = lines[:n-1]
	}
	whole := events[len(events)-1].at
	width, height := float64(columns)*charWidth+2*margin, rows*lineHeight+titleBar+margin

	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img">`+"\n", int(width), height)
	b.WriteString("<title>portguard: a connection has the service's port, and the service starts beside it</title>\n<style>\n")
	b.WriteString("text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d6deeb;white-space:pre}\n" +
		".b{font-weight:bold;fill:#fff}.d{fill:#8b98a9}.r{font-weight:bold;fill:#ff6b6b}.g{fill:#6fdc8c}.c{fill:#7fb4f0}\n")
	fmt.Fprintf(&b, "#up,#hide,#type{animation-duration:%.2fs;animation-timing-function:step-end;animation-iteration-count:infinite}\n", whole.Seconds())
	b.WriteString("#up{animation-name:up}#hide{animation-name:hide}#type{animation-name:type}\n" +
		"@media (prefers-reduced-motion:reduce){#up,#hide,#type{animation:none}}\n")
	b.WriteString(motions(lines, rows, whole))
	fmt.Fprintf(&b, "</style>\n"+`<rect width="100%%" height="100%%" rx="8" fill="#101820"/>`+"\n")
	for i, colour := range []string{"#ff5f57", "#febc2e", "#28c840"} {
		fmt.Fprintf(&b, `<circle cx="%d" cy="17" r="5.5" fill="%s"/>`+"\n", 20+18*i, colour)
	}
	fmt.Fprintf(&b, `<svg x="%d" y="%d" width="%.1f" height="%d"><g id="up" transform="translate(0 %d)">`+"\n",
		margin, titleBar, float64(columns)*charWidth, rows*lineHeight, -scrolled(len(lines), rows)*lineHeight)
	for i, line := range lines {
		for _, s := range line.spans() {
			fmt.Fprintf(&b, `<text%s x="%.1f" y="%d" textLength="%.1f">%s</text>`+"\n", class(s.style), float64(s.column)*charWidth, i*lineHeight+fontSize,
				float64(len([]rune(s.text)))*charWidth, escape(s.text))
		}
	}
	// Without motion both covers are below and beside everything.
	fmt.Fprintf(&b, `<rect id="hide" width="100%%" height="%d" fill="#101820" transform="translate(0 %d)"/>`+"\n", (len(lines)+rows)*lineHeight, len(lines)*lineHeight)
	fmt.Fprintf(&b, `<rect id="type" width="100%%" height="%d" fill="#101820" transform="translate(2000 0)"/>`+"\n", lineHeight)
	b.WriteString("</g></svg>\n</svg>\n")
	return b.Bytes()
}

// motions are the keyframes of the screen and the two covers.
func motions(lines []screenLine, rows int, whole time.Duration) string {
	var up, hide, typed strings.Builder
	percent := func(at time.Duration) float64 { return 100 * at.Seconds() / whole.Seconds() }
	frame := func(b *strings.Builder, at time.Duration, x float64, y int) {
		fmt.Fprintf(b, "%.2f%%{transform:translate(%.1fpx,%dpx)}", percent(at), x, y)
	}
	frame(&up, 0, 0, 0)
	frame(&hide, 0, 0, 0)
	frame(&typed, 0, 2000, 0)
	last := 0
	for i, line := range lines {
		if len(line.shown) == 0 {
			continue
		}
		first := line.shown[0].at
		if s := scrolled(i+1, rows); s != last {
			frame(&up, first, 0, -s*lineHeight)
			last = s
		}
		frame(&hide, first, 0, (i+1)*lineHeight)
		// Only a line that comes in pieces takes the second cover.
		for j, m := range line.shown {
			if line.shown[len(line.shown)-1].at > first && (j+1 == len(line.shown) || line.shown[j+1].at > m.at) {
				frame(&typed, m.at, float64(m.cells)*charWidth, i*lineHeight)
			}
		}
	}
	return "@keyframes up{" + up.String() + "}\n@keyframes hide{" + hide.String() + "}\n@keyframes type{" + typed.String() + "}\n"
}

// scrolled is how many lines have moved out of the screen when there are that many.
func scrolled(lines, rows int) int { return max(0, lines-rows) }

func class(style string) string {
	if style == "" {
		return ""
	}
	return ` class="` + style + `"`
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
