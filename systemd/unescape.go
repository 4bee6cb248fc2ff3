package systemd

import "strings"

// Unescape undoes the \xHH of unit names: "web\x2d1" is "web-1". Anything else is left as it is; a dash stays one,
// where systemd would read "/", which no machine's name has in it.
func Unescape(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if strings.HasPrefix(s[i:], `\x`) && i+3 < len(s) {
			high, okHigh := hexDigit(s[i+2])
			low, okLow := hexDigit(s[i+3])
			if okHigh && okLow {
				b.WriteByte(high<<4 | low)
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
