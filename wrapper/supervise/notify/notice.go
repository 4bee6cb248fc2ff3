package notify

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// notice is one message of the service's to its manager, see sd_notify(3).
type notice struct {
	text  []byte // what goes on to the manager; empty: nothing
	ready bool   // READY=1
	fed   bool   // WATCHDOG=1
	// watchdog is the new time of the unit's watchdog, if renewed.
	watchdog time.Duration
	renewed  bool
}

// readNotice takes out of a message what is not true of the unit: the main process is portguard, not the service, whatever
// MAINPID=, MAINPIDFD= or MAINPIDFDID= say; and unless this run is the final one, the unit does not stop with the service.
// The rest is passed on byte for byte. Lines are what systemd takes for lines: a carriage return ends them, too, backslashes do
// not count, and a NUL may end the message.
func readNotice(message []byte, final bool) notice {
	var n notice
	for rest := message; len(rest) > 0; {
		end := bytes.IndexAny(rest, "\n\r") + 1
		if end == 0 {
			end = len(rest)
		}
		line := strings.ReplaceAll(string(bytes.TrimRight(rest[:end], "\n\r\x00")), `\`, "")
		if !untrue(line, final) {
			n.text = append(n.text, rest[:end]...)
			n.note(line)
		}
		rest = rest[end:]
	}
	if len(bytes.Trim(n.text, "\n\r\x00")) == 0 {
		n.text = nil
	}
	return n
}

func untrue(line string, final bool) bool {
	return strings.HasPrefix(line, "MAINPID") || line == "STOPPING=1" && !final
}

// note sees what the watchdog goes by. A number that makes no sense is one for the manager to complain of.
func (n *notice) note(line string) {
	switch value, found := strings.CutPrefix(line, "WATCHDOG_USEC="); {
	case line == "READY=1":
		n.ready = true
	case line == "WATCHDOG=1":
		n.fed = true
	case found:
		if d, ok := microseconds(value); ok {
			n.watchdog, n.renewed = d, true
		}
	}
}

// microseconds reads a time as systemd writes it; one that is longer than a Duration makes no sense here.
func microseconds(text string) (time.Duration, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	d := time.Duration(n) * time.Microsecond
	return d, err == nil && n >= 0 && d/time.Microsecond == time.Duration(n)
}
