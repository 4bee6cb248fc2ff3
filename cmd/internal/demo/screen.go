package main

import (
	"regexp"
	"time"
)

// screenLine is one line of the terminal, and when which part of it is there.
type screenLine struct {
	cells []cell
	shown []moment
}

// cell is a character and how it looks: "" or "b", "d", "r", "g", "c" for bold, dim, red, green and cyan.
type cell struct {
	char  rune
	style string
}

// moment is when a line has that many cells.
type moment struct {
	at    time.Duration
	cells int
}

// styles are the SGR sequences that portguard and this demo use.
var styles = map[string]string{"0": "", "": "", "1": "b", "2": "d", "31;1": "r", "32": "g", "36": "c"} // read only

var sgr = regexp.MustCompile(`\x1b\[([\d;]*)m|\x1b\[[\d;?]*[A-Za-z]`)

// screen lays text out on lines of a terminal, which wraps them. What is taken back by carriage return is left out.
func screen(events []event, columns int) []screenLine {
	lines := []screenLine{{}}
	style := ""
	for _, e := range events {
		for text := e.text; text != ""; {
			if at := sgr.FindStringSubmatchIndex(text); at != nil && at[0] == 0 {
				if at[2] >= 0 {
					style = styles[text[at[2]:at[3]]]
				}
				text = text[at[1]:]
				continue
			}
			char := []rune(text)[0]
			text = text[len(string(char)):]
			line := &lines[len(lines)-1]
			switch {
			case char == '\r':
			case char == '\n':
				lines = append(lines, screenLine{shown: []moment{{e.at, 0}}})
			default:
				if len(line.cells) == columns {
					lines = append(lines, screenLine{})
					line = &lines[len(lines)-1]
				}
				line.cells = append(line.cells, cell{char, style})
				line.shown = append(line.shown, moment{e.at, len(line.cells)})
			}
		}
	}
	return lines
}

// span is some neighbours that look the same.
type span struct {
	column int
	style  string
	text   string
}

// spans returns what is to be seen of a line. Gaps are left out: not every renderer keeps spaces that follow one another.
func (l screenLine) spans() []span {
	var spans []span
	open := false
	for i, c := range l.cells {
		starts := !open || c.style != l.cells[i-1].style
		if c.char == ' ' && (starts || i+1 == len(l.cells) || l.cells[i+1].char == ' ') {
			open = false
			continue
		}
		if starts {
			spans = append(spans, span{column: i, style: c.style})
		}
		spans[len(spans)-1].text += string(c.char)
		open = true
	}
	return spans
}
