package flags

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"

	"portguard/netdiag"
)

// Whatever options an endpoint comes to have, there are flags for them, and these make it again.
func TestOfEndpointsIsReadBack(t *testing.T) {
	n := 0
	for _, opts := range everyOptions(t) {
		for _, ports := range []string{
			"30010", "30010/udp", "127.0.0.1:8080", "127.0.0.1:8080/udp", "[::1]:8080", "0.0.0.0:80", "[::]:80/udp",
			"[fe80::1%eth0]:80", "[::ffff:10.0.0.1]:80", "0.0.0.0%eth0:67/udp", "*%eth0:80-89", "[::]%eth0:80,[::]%eth1:80", "30000-30009", "10.0.0.1:30000-30009/udp", "[::1]:65534-65535",
			"30000,30002,30001", "4502,59182,59183", "80,80/udp", "127.0.0.1:80,127.0.0.2:81-82", "30000-30001,30001",
		} {
			want, err := netdiag.ParseEndpoints(ports, opts, nil)
			if err != nil {
				t.Fatal(err)
			}
			args := OfEndpoints(want)
			var o Endpoint
			fs := pflag.NewFlagSet("", pflag.ContinueOnError)
			o.AddEndpoints(fs)
			if err := fs.Parse(args); err != nil {
				t.Fatalf("%q: %v", args, err)
			}
			back, err := o.SocketOptions()
			if err != nil {
				t.Fatalf("%q: %v", args, err)
			}
			got, err := netdiag.ParseEndpoints(strings.Join(o.Ports, ","), back, nil)
			if err != nil {
				t.Fatalf("%q: %v", args, err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
				t.Errorf("%q (-want +got)\n%s", args, diff)
			}
			n++
		}
	}
	t.Logf("%d endpoints or several", n)
}

// everyOptions is each combination of them: a field that is new, and is none of these kinds, fails.
func everyOptions(t *testing.T) []netdiag.Options {
	t.Helper()
	all := []netdiag.Options{{}}
	for i := range reflect.TypeFor[netdiag.Options]().NumField() {
		var more []netdiag.Options
		for _, o := range all {
			switch field := reflect.ValueOf(&o).Elem().Field(i); {
			case field.Kind() == reflect.Bool:
				for _, on := range []bool{false, true} {
					field.SetBool(on)
					more = append(more, o)
				}
			case field.Type() == reflect.TypeFor[netdiag.Reuse]():
				for _, r := range []netdiag.Reuse{netdiag.ReuseNotSaid, netdiag.ReuseYes, netdiag.ReuseNo} {
					field.SetUint(uint64(r))
					more = append(more, o)
				}
			case field.Type() == reflect.TypeFor[netdiag.Owner]():
				more = append(more, o)
				if o.ReusePort { // it is about that alone
					o.Owner = netdiag.Owner{Other: true, UID: 33}
					more = append(more, o)
				}
			default:
				t.Fatalf("what are the values of %s?", field.Type())
			}
		}
		all = more
	}
	return all
}

func TestOfEndpoints(t *testing.T) {
	for _, tt := range []struct {
		ports string
		opts  netdiag.Options
		want  string
	}{
		{"30010", netdiag.Options{}, "-p 30010"},
		{"127.0.0.1:80/udp", netdiag.Options{V6Only: true}, "--v6only -p 127.0.0.1:80/udp"},
		{"4502,59182,59183", netdiag.Options{}, "-p 4502,59182,59183"},
		{"[::1]:30000-30009,80", netdiag.Options{ReuseAddr: netdiag.ReuseNo, ReusePort: true}, "--no-reuseaddr --reuseport -p [::1]:30000-30009,80"},
		{"30010", netdiag.Options{ReuseAddr: netdiag.ReuseYes}, "--reuseaddr yes -p 30010"},
		{"192.0.2.1:80", netdiag.Options{FreeBind: true}, "--freebind -p 192.0.2.1:80"},
		{"30010", netdiag.Options{ReusePort: true, Owner: netdiag.Owner{Other: true, UID: 33}}, "--reuseport --as-user 33 -p 30010"},
	} {
		all, err := netdiag.ParseEndpoints(tt.ports, tt.opts, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(OfEndpoints(all), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.ports, got, tt.want)
		}
	}
}
