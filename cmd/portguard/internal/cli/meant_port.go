package cli

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// behindColon is the port that lsof has behind a flag: -i :80, -iTCP:80; "" where there is none.
func behindColon(word string) string {
	if found := regexp.MustCompile(`^(?:-?\w+)?(?i:tcp|udp)?:([0-9]+)$`).FindStringSubmatch(word); found != nil {
		return found[1]
	}
	return ""
}

// meantPort is the line of flags that say elsewhere what -p does by itself: the protocol, the address, and lsof's -i.
func (a *App) meantPort(cmd *cobra.Command, name string, at int) []string {
	next, words := "", 1
	if at+1 < len(a.Args) {
		next = a.Args[at+1]
	}
	_, value, given := strings.Cut(a.Args[at], "=")
	if !given {
		value, words = next, 2
	}
	ports := func(words int, change func(string) string) []string {
		l := &Line{slices.Clone(a.Args), cmd}
		l.put(at, words)
		for _, s := range l.spots("port") {
			parts := strings.Split(s.value, ",")
			for i := range parts {
				parts[i] = change(parts[i])
			}
			l.set(s, strings.Join(parts, ","))
		}
		return l.Words
	}
	udp := func(port string) string {
		if strings.Contains(port, "/") {
			return port
		}
		return port + "/udp"
	}
	digits := strings.Trim(next, "0123456789-") == "" && next != "" && next[0] != '-'
	switch {
	case (name == "u" || name == "udp") && digits:
		return Amended(a.Args, at, 2, "-p", udp(next))
	case name == "udp", name == "u" && (next == "" || isFlag(next)):
		return ports(1, udp)
	case name == "tcp":
		return Amended(a.Args, at, 1)
	case (name == "proto" || name == "protocol") && value == "udp":
		return ports(words, udp)
	case (name == "proto" || name == "protocol") && value == "tcp":
		return Amended(a.Args, at, words)
	case slices.Contains([]string{"host", "address", "addr", "bind", "ip", "listen"}, name) && strings.Trim(value, "0123456789.") == "" && value != "":
		return ports(words, func(port string) string {
			if strings.Contains(port, ":") {
				return port
			}
			return value + ":" + port
		})
	case strings.HasPrefix(name, "port") && strings.Trim(name[4:], "0123456789") == "" && len(name) > 4:
		return Amended(a.Args, at, 1, "-p", name[4:])
	case behindColon(name) != "":
		return Amended(a.Args, at, 1, "-p", behindColon(name))
	case strings.Contains(name, "i") && behindColon(next) != "":
		return Amended(a.Args, at, 2, "-p", behindColon(next))
	case len(name) > 1 && strings.Trim(name, "tulnpaeH46") == "" && len(a.Args) == 1: // of ss and netstat
		return []string{"audit"}
	}
	return nil
}
