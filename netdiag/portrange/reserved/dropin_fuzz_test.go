package reserved

import (
	"testing"

	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/sysctld"
)

// The drop-in may have been edited by hand. Whatever is in it, it is read as a whole or not at all; and what is written
// anew has exactly these ports as its own, and assigns them.
func FuzzOurs(f *testing.F) {
	f.Add(string(text(portrange.Of(30010, 30011, 30012), portrange.Of(8080))))
	f.Add("# portguard reserves: \n")
	f.Add("# portguard reserves: 5-4\n")
	f.Add("net.ipv4.ip_local_reserved_ports = 1\n# portguard reserves: 1\r\n# portguard reserves: 2")
	f.Fuzz(func(t *testing.T, in string) {
		own, err := ours([]byte(in))
		if err != nil {
			if own != nil {
				t.Errorf("%v, and yet %s", err, own)
			}
			return
		}
		out := text(own, nil)
		if len(own) == 0 {
			if out != nil {
				t.Errorf("no ports make the file %q", out)
			}
			return
		}
		again, err := ours(out)
		if err != nil || again.String() != own.String() {
			t.Errorf("%s is written as %q, which reads %s, %v", own, out, again, err)
		}
		config := sysctld.Config{}.With(Path, out)
		if l, ok := config.Value(sysctld.Procps, string(portrange.KernelReserved), valid); ok != valid(l.Value) || ok && l.Value != own.String() {
			t.Errorf("%q assigns %q", out, l.Value)
		}
	})
}
