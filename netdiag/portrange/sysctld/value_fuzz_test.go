package sysctld

import (
	"slices"
	"testing"
)

// Whatever three files say, the line that decides is one of theirs and is about the key; and a file of ours that comes
// last is overridden by none of the drop-ins.
func FuzzValue(f *testing.F) {
	const key, digits = "net/ipv4/ip_local_reserved_ports", "0123456789,-"
	f.Add("net.ipv4.ip_local_reserved_ports = 80\n", "-net.ipv4.ip_local_reserved_ports\n", "net/ipv4/ip_local_reserved_ports=443\n")
	f.Add("net.ipv4.ip_local_* = 1\n", "net.ipv4.[i]p* = x\n", "# nothing\n")
	f.Add("net.*.ip_local_reserved_ports = 1\r\n", "*=\n-*\n", "net.ipv4.ip_local_reserved_ports = \"7\"\n")
	valid := func(value string) bool {
		return !slices.ContainsFunc([]byte(value), func(c byte) bool { return !slices.Contains([]byte(digits), c) })
	}
	f.Fuzz(func(t *testing.T, first, second, main string) {
		c := Config{Main: Parse(mainFile, []byte(main))}.With("/etc/sysctl.d/10-a.conf", []byte(first)).With("/run/sysctl.d/20-b.conf", []byte(second))
		for _, p := range []Program{Systemd, Procps} {
			if l, ok := c.Value(p, key, valid); ok && (!slices.Contains(c.about(p, key), l) || !valid(l.Value) || l.Excludes) {
				t.Errorf("%s takes %+v", p, l)
			}
		}
		const ours = "/etc/sysctl.d/zz-ours.conf"
		for _, o := range c.With(ours, Own(key, "7")).Overrides(ours, key, valid) {
			if o.Program == Systemd || o.Line.Path != mainFile {
				t.Errorf("%s: %s has the word after ours", o.Program, o.Line.Where())
			}
		}
	})
}
