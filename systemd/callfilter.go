package systemd

import "strings"

// CallFilter is SystemCallFilter=, its groups resolved. The zero value lets everything pass.
type CallFilter struct {
	AllowList bool
	Calls     []string // those allowed, or those forbidden; a name may have ":ERRNO", with which the call then fails
	Errno     bool     // SystemCallErrorNumber= is set: what is forbidden fails, and does not kill
}

// Answer is what becomes of a system call.
type Answer uint8

// The answers.
const (
	Passes Answer = iota
	Fails
	Kills
)

// Answer says what becomes of a call, by its name.
func (f CallFilter) Answer(call string) Answer {
	forbidden := Kills
	if f.Errno {
		forbidden = Fails
	}
	for _, c := range f.Calls {
		name, errno, _ := strings.Cut(c, ":")
		switch {
		case name != call:
		case errno == "kill":
			return Kills
		case errno != "":
			return Fails
		case f.AllowList:
			return Passes
		default:
			return forbidden
		}
	}
	if f.AllowList {
		return forbidden
	}
	return Passes
}

func (p properties) callFilter() CallFilter {
	row, _ := p["SystemCallFilter"].([]any)
	if len(row) != 2 {
		return CallFilter{}
	}
	var f CallFilter
	f.AllowList, _ = row[0].(bool)
	f.Calls, _ = row[1].([]string)
	const errnos = 4096 // from here on up are systemd's own values, such as that for a kill
	n, _ := p["SystemCallErrorNumber"].(int32)
	f.Errno = n > 0 && n < errnos
	return f
}
