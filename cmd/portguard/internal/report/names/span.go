package names

import (
	"fmt"
	"time"

	"portguard/wrapper"
)

// Left shows a time that is left in the unit that people count in.
func Left(d time.Duration) string {
	if d <= 0 {
		return "a moment"
	}
	return wrapper.Span((d + time.Second - 1) / time.Second * time.Second)
}

// Age shows how long something has been running: the two largest units.
func Age(d time.Duration) string {
	day, hour := 24*time.Hour, time.Hour
	switch {
	case d >= day:
		return fmt.Sprintf("%dd %dh", d/day, d%day/hour)
	case d >= hour:
		return fmt.Sprintf("%dh %dm", d/hour, d%hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm %ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}
