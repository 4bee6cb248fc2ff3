package page

import (
	"io"
	"os"
)

// Paint colours words of the report; the zero value leaves them plain.
type Paint struct{ On bool }

// Colour is for terminals alone, and for people who want it.
func Colour(w io.Writer, no bool) Paint {
	return Paint{On: !no && IsTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// Bad is for what stands in the way, Good for what is well, Name for who it is, Label for the words in the margin.
func (p Paint) Bad(s string) string   { return p.code("31;1", s) }
func (p Paint) Good(s string) string  { return p.code("32", s) }
func (p Paint) Name(s string) string  { return p.code("1", s) }
func (p Paint) Label(s string) string { return p.code("2", s) }

func (p Paint) code(sgr, s string) string {
	if !p.On || s == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}
