package main

// paint colours words of the report; the zero value leaves them plain.
type paint struct{ on bool }

func (p paint) bad(s string) string   { return p.code("31;1", s) }
func (p paint) good(s string) string  { return p.code("32", s) }
func (p paint) name(s string) string  { return p.code("1", s) }
func (p paint) label(s string) string { return p.code("2", s) }

func (p paint) code(sgr, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}
