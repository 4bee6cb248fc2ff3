package portrange

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

func TestMain(m *testing.M) { os.Exit(nstest.Main(m)) }

// reserve makes the namespace's list what a test starts with.
func reserve(t *testing.T, list string) { nstest.Sysctl(t, KernelReserved.Dotted(), list+"\n") }

// wide is a set whose list is longer than a page, so longer than one write, and than most reads.
func wide(n int) Set {
	ranges := make([]Range, n)
	for i := range ranges {
		ranges[i] = Range{uint16(20001 + 2*i), uint16(20001 + 2*i)}
	}
	return join(ranges)
}

func TestReservedIsReadWhole(t *testing.T) {
	reserve(t, "")
	for _, n := range []int{1, 85, 300, 5000} {
		want := wide(n)
		if err := SetReserved(want); err != nil {
			t.Fatal(err)
		}
		got, err := Reserved()
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != want.String() {
			t.Errorf("%d ports: %d are read back", n, got.Len())
		}
	}
}

func TestAddReservedLeavesWhatIsThere(t *testing.T) {
	reserve(t, "8080,9000-9010")
	add := wide(3000)
	for range 2 { // the second time nothing changes
		if err := AddReserved(add); err != nil {
			t.Fatal(err)
		}
		got, err := Reserved()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(add.Union(parsed(t, "8080,9000-9010")).String(), got.String()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

func TestSetReservedReplaces(t *testing.T) {
	reserve(t, "8080")
	for _, list := range []string{"30010", "", "1-65535"} {
		if err := SetReserved(parsed(t, list)); err != nil {
			t.Fatal(err)
		}
		if got, err := Reserved(); err != nil || got.String() != list {
			t.Errorf("%q reads %q, %v", list, got, err)
		}
	}
}

func TestSetEphemeral(t *testing.T) {
	nstest.SetRange(t, 32768, 60999)
	if err := SetEphemeral(Range{40000, 50001}); err != nil {
		t.Fatal(err)
	}
	if got, err := Ephemeral(); err != nil || got != (Range{40000, 50001}) {
		t.Errorf("reads %v, %v", got, err)
	}
	if err := SetEphemeral(Range{80, 50001}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a low end below ip_unprivileged_port_start: %v, want EINVAL", err)
	}
}

// The kernel is asked what it makes of each text, so that a file of somebody else is read as it will be.
func TestParseAssignedReadsAsTheKernelDoes(t *testing.T) {
	reserve(t, "")
	for _, text := range []string{
		"80", "80,443", "443,80", "30000-30100", "1-3,2-5", "0", "0-5", "65535", "007", "010", "0x10", "0X1f", "7,", "65535,",
		"65536", "5-3", "7 9", `"7"`, "7,,9", ",7", "+7", "-7", "7-", "7-8-9", "7 ,9", "7, 9", "7;", "09", "0x", "http", "99999999999999999999", ",",
	} {
		t.Run(text, func(t *testing.T) {
			if err := os.WriteFile(KernelReserved.path(), []byte("4711"), 0); err != nil {
				t.Fatal(err)
			}
			refused := os.WriteFile(KernelReserved.path(), []byte(text), 0)
			got, err := ParseAssigned(text)
			if (err != nil) != (refused != nil) {
				t.Fatalf("read: %v; the kernel: %v", err, refused)
			}
			if err != nil {
				return
			}
			kernel, err := Reserved()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(kernel, got); diff != "" {
				t.Errorf("(-kernel +read)\n%s", diff)
			}
		})
	}
}

func TestAssignDoesAsTheKernelDoes(t *testing.T) {
	for _, text := range []string{" ", "4000", "60999", "61000", "0", "0x1000", "4000 x", "x 4000", "4000 5000 x", "32768 60999", "1024\t65535", " 2000  3000 ", "0x400 07777", "5000 4000", "0 100", "2000-3000", "a b", "1 2 3", "1024 65536", "1024,2048"} {
		t.Run(text, func(t *testing.T) {
			nstest.Sysctl(t, "net.ipv4.ip_unprivileged_port_start", "0")
			nstest.SetRange(t, 32768, 60999)
			refused := os.WriteFile(KernelRange.path(), []byte(text), 0)
			got, err := Range{32768, 60999}.Assign(text)
			if (err != nil) != (refused != nil) {
				t.Fatalf("read: %v; the kernel: %v", err, refused)
			}
			if err != nil {
				return
			}
			if kernel, err := Ephemeral(); err != nil || kernel != got {
				t.Errorf("the kernel has %v (%v), read: %v", kernel, err, got)
			}
		})
	}
}

func TestPartsLoseNothing(t *testing.T) {
	list := wide(500).String()
	var again []string
	for _, part := range parts(list, 64) {
		if len(part) >= 64 || !strings.HasSuffix(part, "\n") {
			t.Errorf("part %q", part)
		}
		again = append(again, strings.TrimSuffix(part, "\n"))
	}
	if diff := cmp.Diff(list, strings.Join(again, ",")); diff != "" {
		t.Errorf("(-list +parts)\n%s", diff)
	}
}

func FuzzParseAssigned(f *testing.F) {
	for _, s := range []string{"", "80,443", "0x10-020", "7,", ",", `"7"`, "1-65535", strconv.Itoa(1 << 16)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseAssigned(text)
		if err != nil {
			return
		}
		if again, err := ParseAssigned(s.String()); err != nil || again.String() != s.String() {
			t.Errorf("%q printed as %q reads as %q, %v", text, s, again, err)
		}
	})
}
