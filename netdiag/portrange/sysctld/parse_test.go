package sysctld

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const text = "# a comment\n" +
		"; another\n" +
		"\n" +
		"net.ipv4.ip_local_port_range = 1024\t65000\n" +
		"net/ipv4/ip_forward=1\n" +
		"-kernel.core_pattern = |/bin/handler %p = x\n" +
		"net.ipv4.conf.eth0/1.forwarding = 1\n" +
		"net.ipv4.conf.*.rp_filter = 2\n" +
		"-net.ipv4.conf.all.rp_filter\n" +
		"no assignment\n" +
		"kernel..panic ="
	line := func(number int, key, value string) Line {
		return Line{Path: "/f", Number: number, Key: key, Value: value}
	}
	want := []Line{
		line(4, "net/ipv4/ip_local_port_range", "1024\t65000"),
		line(5, "net/ipv4/ip_forward", "1"),
		line(6, "kernel/core_pattern", "|/bin/handler %p = x"),
		line(7, "net/ipv4/conf/eth0.1/forwarding", "1"),
		line(8, "net/ipv4/conf/*/rp_filter", "2"),
		{Path: "/f", Number: 9, Key: "net/ipv4/conf/all/rp_filter", Excludes: true},
		line(10, "", ""),
		line(11, "kernel/panic", ""),
	}
	if diff := cmp.Diff(want, Parse("/f", []byte(text)).Lines); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What we write is read back as it was meant.
func TestOwnIsReadBack(t *testing.T) {
	f := Parse("/f", Own("net/ipv4/ip_local_reserved_ports", "80,443", "first", "second = not a setting"))
	want := []Line{{Path: "/f", Number: 3, Key: "net/ipv4/ip_local_reserved_ports", Value: "80,443"}}
	if diff := cmp.Diff(want, f.Lines); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "# Kernel system variables configuration file\nkernel.printk = 3 4 1 3\n", "net/ipv4/ip_forward=1", "-a.b/c = 1\r\n-a",
		"*=1", "[=2", "=", "-", "- =", "/proc/sys/x = 1", "a\x00b = c", "../../x = 1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, l := range Parse("/f", []byte(text)).Lines {
			raw := strings.Split(text, "\n")[l.Number-1]
			if !strings.Contains(raw, l.Value) {
				t.Errorf("line %d: value %q is not in %q", l.Number, l.Value, raw)
			}
			if strings.HasPrefix(l.Key, "/") || strings.HasPrefix(l.Key, "../") || l.Key == ".." {
				t.Errorf("line %d: key %q leads out of /proc/sys", l.Number, l.Key)
			}
			l.about(reservedKey)
		}
	})
}
