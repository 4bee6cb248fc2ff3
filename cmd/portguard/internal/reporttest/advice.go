package reporttest

import (
	"regexp"
	"slices"
)

// How a form of advice is followed by a test of package e2e, to see it do what it says.
const (
	OnALadder  = "TestAdviceIsFollowed"
	OnASystemd = "TestSystemd/advice"
	Nowhere    = "it takes a container engine" // the tests of containers' managers have them
)

// Forms are those of all lines that a report may advise, without what differs from one to the next, and who follows them. A report's
// test that meets another one fails, and so does the follower of one that it has not met.
var Forms = map[string]string{
	"portguard --share -p X -- COMMAND":                         OnALadder,
	"portguard --wait D -p X -- COMMAND":                        OnALadder,
	"portguard --close -p X -- COMMAND":                         OnALadder,
	"portguard --close --kill-listeners -p X -- COMMAND":        OnALadder,
	"portguard --kill -p X -- COMMAND":                          OnALadder,
	"portguard --kill --kill-listeners -p X -- COMMAND":         OnALadder,
	"portguard --share --close -p X -- COMMAND":                 OnALadder,
	"portguard --share --kill --kill-listeners -p X -- COMMAND": OnALadder,
	"portguard --share --wait D -p X -- COMMAND":                OnALadder,
	"portguard --freebind -p X -- COMMAND":                      OnALadder,
	"portguard --hold none --reserve -p X -- COMMAND":           OnALadder,
	"portguard reserve X":                                       OnALadder,
	"portguard reserve --force X":                               OnALadder,
	"sudo portguard -p X":                                       OnALadder,
	"sudo portguard --share -p X":                               OnALadder,
	"sudo portguard --close -p X":                               OnALadder,
	"sudo portguard reserve X":                                  OnALadder,
	"portguard --restart-unit -p X -- COMMAND":                  OnASystemd,
	"portguard unit install UNIT --share -p X":                  OnASystemd,
	"portguard unit install UNIT --wait D -p X":                 OnASystemd,
	"portguard --share -p X":                                    OnASystemd,
	"portguard --wait D -p X":                                   OnASystemd,
	"portguard --close -p X":                                    OnASystemd,
	"portguard --restart-unit -p X":                             OnASystemd,
	"portguard --kill --kill-listeners -p X":                    OnASystemd,
	"systemctl stop UNIT":                                       OnASystemd,
	"systemctl --user -M USER@ stop UNIT":                       "TestSystemd/managers",
	"docker stop NAME":                                          Nowhere,
	"docker ps --filter publish=X":                              Nowhere,
}

// Form is that of a line. The options of the endpoints, and what narrows a rung, belong to every form.
func Form(line string) string {
	for _, r := range []struct{ what, with string }{
		{`(-p|reserve|--force|publish=) ?('[^']*'|[\d:./,\[\]a-z%*-]*\d\S*|ENDPOINTS)`, "$1 X"},
		{`publish= X`, "publish=X"},
		{`--wait \S+`, "--wait D"},
		{` (--no-reuseaddr|--reuseaddr yes|--reuseport|--as-user \d+|--v6only|--only \S+|--signal \S+|--grace \S+|--restart always|--hold fdstore|--as wrapper|--ready \S+)`, ""},
		{`(portguard --(?:wait|close|kill|share|restart-unit).*) --hold none --reserve`, "$1"},
		{`unit install \S+`, "unit install UNIT"},
		{`(unit install .*) --kill`, "$1"},
		{`(unit install .*?)(?: --hold none)? --reserve`, "$1"},
		{`(systemctl) (stop|restart) \S+`, "$1 $2 UNIT"},
		{`(systemctl --user -M) \S+ (stop|restart) \S+`, "$1 USER@ $2 UNIT"},
		{`docker stop \S+`, "docker stop NAME"},
	} {
		line = regexp.MustCompile(r.what).ReplaceAllString(line, r.with)
	}
	return line
}

// Known reports whether a line has one of the forms.
func Known(line string) bool { return Forms[Form(line)] != "" }

// FollowedBy are the forms that a test follows.
func FollowedBy(test string) []string {
	var some []string
	for form, by := range Forms {
		if by == test {
			some = append(some, form)
		}
	}
	slices.Sort(some)
	return some
}
