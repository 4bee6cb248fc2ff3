package netdiag

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// meant is the endpoint, or endpoints, that a text without sense was probably meant for; the example where that is not clear.
func meant(text, example string, lookup LookupService) string {
	for _, guess := range guesses(strings.Trim(text, " \t\n\"'`()<>,;.=+")) {
		if all, err := parseEach(guess, lookup); err == nil && len(all) > 0 {
			return guess
		}
	}
	return example
}

func parseEach(text string, lookup LookupService) (all []Endpoint, err error) {
	for part := range strings.SplitSeq(text, ",") {
		some, err := parseEndpoint(part, Options{}, lookup)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// guesses are what a text may be meant for, the likeliest first. Most of them are wrong.
func guesses(text string) []string {
	all := []string{text}
	add := func(guess ...string) { all = append(all, guess...) }
	like := func(expr string) []string { return regexp.MustCompile(expr).FindStringSubmatch(text) }
	if found := like(`^(?i)(tcp|udp)[46]?(?:://|:|/)(.+)$`); found != nil {
		proto := ""
		if strings.EqualFold(found[1], "udp") {
			proto = "/udp"
		}
		add(found[2]+proto, portOf(found[2])+proto)
	}
	if port, proto, ok := cutLast(text, ":"); ok && isProtocol(proto) {
		add(port + "/" + strings.ToLower(strings.TrimRight(proto, "46")))
	}
	if found := like(`^[a-z+]+://([^/]+)`); found != nil {
		add(found[1], portOf(found[1]))
	}
	if before, proto, ok := strings.Cut(text, "/"); ok && !isNetwork(text) {
		if lower := strings.ToLower(proto); strings.Contains(lower, "u") && strings.Contains(lower, "d") && len(lower) < 6 {
			add(before + "/udp")
		}
		add(before, portOf(before))
	}
	if found := like(`^([0-9]{1,2})[ ._']([0-9]{3})$`); found != nil {
		add(found[1] + found[2])
	}
	if found := like(`^([0-9]+) ?(?:\.\.+|~|:|–| to ) ?([0-9]+)$`); found != nil {
		add(found[1]+"-"+found[2], found[1]) // docker's HOST:CONTAINER
	}
	if low, high, ok := strings.Cut(text, "-"); ok && (low == "" || high == "") {
		if n, err := strconv.ParseUint(low, 10, 16); err == nil && n < 65526 {
			add(fmt.Sprintf("%d-%d", n, n+9))
		}
		add(high)
	}
	if found := like(`^((?:[0-9]+\.){3}[0-9]+)[. ]([0-9]+)$`); found != nil {
		add(found[1] + ":" + found[2])
	}
	add(bracketed(text)...)
	if host, port, ok := cutLast(text, ":"); ok && !strings.Contains(text, "%") && !strings.HasPrefix(text, "[fe") && host != "" && host != "[]" {
		add(strings.Trim(host, "[]")+":"+port, firstAddress(host)+":"+port)
		if strings.Contains(host, ".") && strings.Trim(host, "0123456789.") == "" {
			add("127.0.0.1:" + port)
		}
		add(port, host)
	}
	add(regexp.MustCompile(`[\s;|]+`).ReplaceAllString(text, ","))
	add(strings.NewReplacer("O", "0", "o", "0", "l", "1", "I", "1").Replace(text))
	if found := like(`^[^0-9]*([0-9]{2,5})[^0-9]*$`); found != nil && !strings.Contains(text, "%") {
		add(found[1])
	}
	return all
}

// bracketed is an IPv6 address with the brackets that it lacks, with what stands behind its last colon as the port, if it can be one.
func bracketed(text string) (all []string) {
	if strings.Count(text, ":") < 2 {
		return nil
	}
	host, port, _ := cutLast(text, ":")
	if before, behind, ok := strings.Cut(text, "]"); ok { // "[::1]80"
		host, port = before, behind
	}
	host = strings.Trim(host, "[]")
	if strings.HasPrefix(text, ":::") { // as netstat has it
		host = "::"
	}
	for _, a := range [][2]string{{host, port}, {strings.Trim(text, "[]"), "8080"}} {
		if _, err := netip.ParseAddr(a[0]); err == nil {
			all = append(all, "["+a[0]+"]:"+a[1])
		}
	}
	return all
}

func portOf(text string) string {
	_, port, _ := cutLast(text, ":")
	return port
}

// firstAddress is the first address of an interface.
func firstAddress(name string) string {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return name
	}
	addrs, _ := i.Addrs() // without one, it is none
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			return strings.TrimSuffix(netip.AddrPortFrom(p.Addr(), 0).String(), ":0")
		}
	}
	return name
}
