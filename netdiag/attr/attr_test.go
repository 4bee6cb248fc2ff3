package attr

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink/nl"
)

func TestParse(t *testing.T) {
	inner := nl.NewRtAttr(1, nl.ZeroTerminated("nat")).Serialize()
	outer := append(nl.NewRtAttr(4|0x8000, inner).Serialize(), nl.NewRtAttr(2, []byte{0, 0, 1, 2}).Serialize()...)
	s, err := Parse(outer)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.In(4).Text(1); got != "nat" {
		t.Errorf("text %q", got)
	}
	if n, ok := s.Number(2); n != 258 || !ok {
		t.Errorf("number %d, %v", n, ok)
	}
	if n, ok := s.Number(3); ok || s.In(3).Text(1) != "" {
		t.Errorf("%d of an attribute that is not there", n)
	}
}

func TestEachRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"half a header":       {4, 0},
		"shorter than one":    {3, 0, 1, 0},
		"longer than is left": {9, 0, 1, 0, 1},
	} {
		if err := Each(b, func(uint16, []byte) error { return nil }); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Whatever comes, the attributes that are found lie within it.
func FuzzEach(f *testing.F) {
	f.Add(nl.NewRtAttr(1, nl.ZeroTerminated("nat")).Serialize())
	f.Add([]byte{5, 0, 1, 0, 7})
	f.Fuzz(func(t *testing.T, b []byte) {
		var lengths []int
		err := Each(b, func(_ uint16, value []byte) error {
			lengths = append(lengths, len(value)+4)
			return nil
		})
		sum := 0
		for _, n := range lengths {
			sum += n
		}
		if sum > len(b) || err == nil && len(b) > 0 && len(lengths) == 0 {
			t.Errorf("%v of %d bytes, %v", lengths, len(b), err)
		}
		if diff := cmp.Diff(err, func() error { _, err := Parse(b); return err }(), cmp.Comparer(func(a, b error) bool { return (a == nil) == (b == nil) })); diff != "" {
			t.Error(diff)
		}
	})
}
