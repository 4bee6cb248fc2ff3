package flags

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/mend"
	"portguard/netdiag"
)

// ParseEndpoints is netdiag's. With what is wrong comes the endpoint that was probably meant.
func ParseEndpoints(text string, opts netdiag.Options) ([]netdiag.Endpoint, error) {
	all, err := netdiag.ParseEndpoints(text, opts, LookupService)
	var wrong *netdiag.SyntaxError
	if errors.As(err, &wrong) && !strings.Contains(wrong.Right, "%") { // with an interface it is more than an example
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
func guesses(text string) []string {
	lookalikes := strings.NewReplacer("O", "0", "o", "0", "l", "1", "I", "1") // typed for digits: the digits beside one are another port
	all := []string{regexp.MustCompile(`[ ;|]+`).ReplaceAllString(text, ","), lookalikes.Replace(text)}
	protocol := ""
	if regexp.MustCompile(`(?i)udp|upd`).MatchString(text) {
		protocol = "/udp"
	}
	for _, guess := range []struct{ typed, meant string }{
		{`^:::([0-9]+)$`, "[::]:$1"}, // as netstat has it
		{`^\[?([0-9a-f:]+):([0-9]+)$`, "[$1]:$2"},
		{`^(\[[0-9a-f:]+\])([0-9]+)$`, "$1:$2"},
		{`^\[?([0-9a-f:]+)$`, "[$1]:8080"},
		{`^((?:[0-9]+\.){3}[0-9]+)\.([0-9]+)$`, "$1:$2"},
		{`^([0-9]+)(?:\.\.+| ?[~:–] ?| to | - )([0-9]+)$`, "$1-$2"},
		{`^([0-9]+):[0-9]+$`, "$1"}, // docker's HOST:CONTAINER
		{`^([0-9]+)[0-9]-$`, "${1}0-${1}9"},
		{`^.*?((?:[0-9]+\.){3}[0-9]+|localhost|\[[0-9a-f:]+\]):([0-9]+)\b.*$`, "$1:$2" + protocol},
		{`(?i)^(?:[a-z]+://)?(?:0|\*|any|all|port|(?:tcp|udp|upd)[46]?) *:([0-9]+(?:-[0-9]+)?)(?:/.*)?$`, "$1" + protocol},
		{`^[^%]*[^]%:]:([0-9]+(?:-[0-9]+)?)(?:/.*)?$`, "127.0.0.1:$1" + protocol}, // never every address for one, or for one that has a name
		{`^[^%:]*[A-Za-z][^%:]*:([a-z][a-z0-9-]*)(?:/.*)?$`, "127.0.0.1:$1" + protocol},
		{`^(?:[^0-9%]*[^0-9%oOlI])?([0-9]{2,5})(?:[^0-9%oOlI:][^0-9%]*|:(?:tcp|udp|upd)?)?$`, "$1" + protocol}, // not a number in a name
	} {
		if typed := regexp.MustCompile(guess.typed); typed.MatchString(text) {
			all = append(all, typed.ReplaceAllString(text, guess.meant))
		}
	}
	return all
}

// meantOnly puts KEY=VALUE in the place of what was given instead. It never names anybody else.
func meantOnly(typed string) []mend.Mend {
	key, value, given := strings.Cut(strings.Replace(typed, ":", "=", 1), "=")
	if !given {
		key, value = "name", typed
	}
	switch _, isUser := UserID(value); {
	case value == "" || strings.ContainsAny(value, "[\\"):
		return nil
	case strings.HasPrefix(value, "/"):
		key = "exe"
	case key == "uid", key == "owner", !given && isUser:
		key = "user"
	case key == "name" || key == "service":
		if key = "unit"; !strings.Contains(value, ".") {
			value += ".service"
		}
	case !slices.Contains([]string{"user", "unit", "user-unit", "exe"}, key):
		return nil
	}
	return []mend.Mend{mend.Value("only", typed, key+"="+value)}
}
