package portrange

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseSet(t *testing.T) {
	tests := []struct {
		name, in string
		want     Set
		wantErr  bool
	}{
		{name: "nothing is reserved", in: ""},
		{name: "ports and ranges", in: "80,30000-30100", want: Set{{80, 80}, {30000, 30100}}},
		{name: "in order, whatever order they came in", in: "443,80", want: Set{{80, 80}, {443, 443}}},
		{name: "neighbours become one range", in: "80,81,82", want: Set{{80, 82}}},
		{name: "overlaps become one range", in: "10-20,15-30,1-5", want: Set{{1, 5}, {10, 30}}},
		{name: "one port joins two ranges", in: "1-4,6-9,5", want: Set{{1, 9}}},
		{name: "the highest port", in: "65535,65534", want: Set{{65534, 65535}}},
		{name: "backwards", in: "9-5", wantErr: true},
		{name: "not a port", in: "80,http", wantErr: true},
		{name: "too high", in: "65536", wantErr: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseSet(tt.in)
			if (err != nil) != tt.wantErr {
				t.Fatalf("error %v, want one: %v", err, tt.wantErr)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestParseRange(t *testing.T) {
	if got, err := parseRange("32768\t60999\n"); err != nil || got != (Range{32768, 60999}) {
		t.Errorf("the kernel's form reads as %v, %v", got, err)
	}
	for _, bad := range []string{"", "1", "1 2 3", "9 5", "a b", "1 70000"} {
		if got, err := parseRange(bad); err == nil {
			t.Errorf("%q reads as %v, want an error", bad, got)
		}
	}
}

// What the set prints is what ip_local_reserved_ports takes, so reading it back must give the same set.
func FuzzParseSet(f *testing.F) {
	for _, s := range []string{"", "80", "30000-30100,80", "1-65535", "0", "5-4", "1,,2", "-1", "65535,65536"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSet(text)
		if err != nil {
			return
		}
		again, err := ParseSet(s.String())
		if err != nil {
			t.Fatalf("%q printed as %q, which does not read: %v", text, s, err)
		}
		if diff := cmp.Diff(s, again); diff != "" {
			t.Errorf("%q read back differs (-first +again)\n%s", text, diff)
		}
	})
}

func TestThisNamespace(t *testing.T) {
	r, err := Ephemeral()
	if err != nil {
		t.Fatal(err)
	}
	if r.Low == 0 || r.High < r.Low {
		t.Errorf("the kernel's range reads as %v", r)
	}
	if _, err := Reserved(); err != nil {
		t.Error(err)
	}
}
