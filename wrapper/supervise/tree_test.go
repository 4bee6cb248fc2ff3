package supervise

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var compareStats = cmp.AllowUnexported(stat{})

func TestParseStat(t *testing.T) {
	const rest = " 1 4242 4242 34816 4242 4194304 1 0 0 0 0 0 0 0 20 0 1 0 987654 2404352 1 18446744073709551615"
	for _, tt := range []struct {
		name, text string
		want       stat
		fails      bool
	}{
		{"a process", "4242 (sleep) S" + rest, stat{pid: 4242, parent: 1, start: 987654}, false},
		{"a zombie", "4242 (sleep) Z" + rest, stat{pid: 4242, parent: 1, zombie: true, start: 987654}, false},
		{"a name like the end of a name", "4242 (a) Z 7 (b) S" + rest, stat{pid: 4242, parent: 1, start: 987654}, false},
		{"a line feed in the name", "4242 (a\nb) S" + rest, stat{pid: 4242, parent: 1, start: 987654}, false},
		{"empty", "", stat{}, true},
		{"no name", "4242 S" + rest, stat{}, true},
		{"cut short", "4242 (sleep) S 1 4242", stat{}, true},
		{"no number", "4242 (sleep) S x 4242 4242 34816 4242 4194304 1 0 0 0 0 0 0 0 20 0 1 0 987654 2404352", stat{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseStat([]byte(tt.text))
			if (err != nil) != tt.fails {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, got, compareStats); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func FuzzParseStat(f *testing.F) {
	own, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(own)
	f.Add([]byte("1 (a) b) S 0"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := parseStat(text); err != nil && s != (stat{}) {
			t.Errorf("%v, and yet %+v", err, s)
		}
	})
}

func TestOwnProcessReadsAsItself(t *testing.T) {
	s, err := readStat(os.Getpid())
	if err != nil || s.pid != os.Getpid() || s.parent != os.Getppid() || s.zombie || s.start == 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestBelow(t *testing.T) {
	p := func(pid, parent int) stat { return stat{pid: pid, parent: parent, start: uint64(pid)} }
	all := []stat{p(1, 0), p(10, 1), p(11, 10), p(12, 11), p(13, 10), p(14, 13), p(20, 1), p(21, 20)}
	var got []int
	for _, s := range below(10, all, map[stat]bool{p(13, 10).identity(): true}) {
		got = append(got, s.pid)
	}
	if diff := cmp.Diff([]int{11, 12}, got); diff != "" {
		t.Errorf("below 10, where 13 is a stranger (-want +got)\n%s", diff)
	}
}
