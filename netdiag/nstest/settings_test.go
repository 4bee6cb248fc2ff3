package nstest

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func canListen(address string) bool {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	l.Close()
	return true
}

func TestAddrLastsForOneTest(t *testing.T) {
	for _, tt := range []struct{ cidr, listen string }{
		{"10.99.0.1/32", "10.99.0.1:0"},
		{"fd99::1/128", "[fd99::1]:0"},
	} {
		t.Run(tt.cidr, func(t *testing.T) {
			if canListen(tt.listen) {
				t.Fatalf("%s is there already", tt.listen)
			}
			t.Run("with", func(t *testing.T) {
				Addr(t, tt.cidr)
				if !canListen(tt.listen) {
					t.Errorf("cannot listen on %s", tt.listen)
				}
			})
			if canListen(tt.listen) {
				t.Errorf("%s is still there", tt.listen)
			}
		})
	}
}

func TestDeviceLastsForOneTest(t *testing.T) {
	t.Run("with", func(t *testing.T) {
		index := Device(t, "d0", "10.97.0.1/32")
		d0, err := net.InterfaceByName("d0")
		if err != nil {
			t.Fatal(err)
		}
		if d0.Index != index || d0.Flags&net.FlagUp == 0 {
			t.Errorf("Device() = %d, the kernel has %d, flags %v", index, d0.Index, d0.Flags)
		}
		if !canListen("10.97.0.1:0") {
			t.Error("its address cannot be used")
		}
	})
	if d0, err := net.InterfaceByName("d0"); err == nil {
		t.Errorf("%s is still there", d0.Name)
	}
}

func TestSysctlIsRestored(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile("/proc/sys/net/ipv4/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(string(b)), " ")
	}
	for _, tt := range []struct{ name, value string }{
		{"ip_local_port_range", "20001 20001"},
		{"tcp_fin_timeout", "7"},
		{"ip_local_reserved_ports", "8080,9000-9010"}, // empty before
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := read(tt.name)
			t.Run("changed", func(t *testing.T) {
				Sysctl(t, "net.ipv4."+tt.name, tt.value)
				if diff := cmp.Diff(tt.value, read(tt.name)); diff != "" {
					t.Errorf("during the test (-want +got):\n%s", diff)
				}
			})
			if diff := cmp.Diff(before, read(tt.name)); diff != "" {
				t.Errorf("after the test (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSetRangeChoosesTheClientsPort(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	SetRange(t, 20002, 20002)
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if port := c.LocalAddr().(*net.TCPAddr).Port; port != 20002 {
		t.Errorf("the kernel picked %d", port)
	}
}
