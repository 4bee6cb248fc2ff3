package wrapper

import (
	"strconv"
	"strings"
	"time"
)

// Span writes a duration as people do, and as time.ParseDuration reads it: 60s and 90s, 10m, 2h30m. Go's own form has 1m0s.
func Span(d time.Duration) string {
	if d >= time.Minute && d < 2*time.Minute {
		return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
	}
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}
