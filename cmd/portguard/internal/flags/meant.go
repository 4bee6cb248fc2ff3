package flags

import (
	"errors"
	"net/netip"
	"regexp"
	"strings"

	"portguard/netdiag"
)

// ParseEndpoints is netdiag's. With what is wrong comes the endpoint that was probably meant.
func ParseEndpoints(text string, opts netdiag.Options) ([]netdiag.Endpoint, error) {
	all, err := netdiag.ParseEndpoints(text, opts, LookupService)
	var wrong *netdiag.SyntaxError
	if errors.As(err, &wrong) {
		for _, guess := range guesses(strings.TrimSpace(wrong.Text)) {
			if _, err := netdiag.ParseEndpoints(guess, netdiag.Options{}, LookupService); err == nil {
				wrong.Right = guess
				break
			}
		}
	}
	return all, err
}

// guesses are what a text may be meant for, the likeliest first. Some are no endpoints.
func guesses(text string) (all []string) {
	find := func(expr string) []string { return append(regexp.MustCompile(expr).FindStringSubmatch(text), "", "") }
	protocol := ""
	if find(`(?i)(udp|upd)`)[0] != "" {
		protocol = "/udp"
	}
	if strings.Count(text, ":") > 1 && !strings.Contains(text, "%") {
		all = append(all, bracketed(text))
	}
	if ends := find(`^(\d+)(?:\.\.+| ?[~:–] ?| to | - )(\d+)$`); ends[0] != "" {
		all = append(all, ends[1]+"-"+ends[2], ends[1]) // the second: docker's HOST:CONTAINER
	}
	if tens := find(`^(\d+)\d-$`)[1]; tens != "" {
		all = append(all, tens+"0-"+tens+"9")
	}
	if find(`^\d+(?:[\s;|,]+\d+)+$`)[0] != "" {
		all = append(all, regexp.MustCompile(`[\s;|,]+`).ReplaceAllString(text, ","))
	}
	all = append(all, find(`(?:^|[:/ ])((?:(?:\d+\.){3}\d+|localhost|\[[0-9a-f:]+\]):\d+)`)[1]+protocol)
	if !strings.Contains(text, "%") {
		all = append(all, find(`[^:\]]:(\d+)(?:/.*)?$`)[1]+protocol, find(`^[^0-9]*(\d{2,5})[^0-9]*$`)[1]+protocol)
	}
	return all
}

// bracketed is an IPv6 address with the brackets that it lacks. What stands behind its last colon is the port, where it can be one.
func bracketed(text string) string {
	at := strings.LastIndex(text, ":")
	host, port := strings.Trim(text[:at], "[]"), text[at+1:]
	if host == ":" { // as netstat has it, ":::80"
		host = "::"
	}
	if _, err := netip.ParseAddr(host); err == nil && len(port) > 0 {
		return "[" + host + "]:" + port
	}
	return "[" + strings.Trim(text, "[]") + "]:8080"
}
