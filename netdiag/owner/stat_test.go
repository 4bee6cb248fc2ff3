package owner

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	// A Java process of a kernel 6.18.
	statJava = "1988719 (java) S 1 1988719 1988719 0 -1 1077936128 92123 0 12 0 4211 933 0 0 20 0 43 0 7205817 4811653120 68442 18446744073709551615 94877599780864 94877599800745 140727938942528 0 0 0 0 4096 16800975 0 0 0 17 1 0 0 0 0 0 94877599816752 94877599818368 94878040846336 140727938943444 140727938943464 140727938943464 140727938945003 0\n"
	statTail = " 1 2 3 0 -1 4194304 97 0 0 0 0 0 0 0 20 0 1 0 65209 3133440 360\n"
)

func TestParseStat(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string
		want Stat
		err  string
	}{
		{"a program", statJava, Stat{1988719, "java", 'S', 1, 1077936128, 43, 7205817}, ""},
		{"a command with the end of a command in it", "7 (a) R 9 (b) S" + statTail, Stat{7, "a) R 9 (b", 'S', 1, 4194304, 1, 65209}, ""},
		{"a command with a line end", "7 (a\nb) S" + statTail, Stat{7, "a\nb", 'S', 1, 4194304, 1, 65209}, ""},
		{"an empty command", "7 () S" + statTail, Stat{7, "", 'S', 1, 4194304, 1, 65209}, ""},
		{"bytes that are no UTF-8", "7 (\xff\xfe) S" + statTail, Stat{7, "\xff\xfe", 'S', 1, 4194304, 1, 65209}, ""},
		{"nothing", "", Stat{}, "stat: no command in parentheses"},
		{"no command", "7 S" + statTail, Stat{}, "stat: no command in parentheses"},
		{"parentheses the wrong way round", "7 )(", Stat{}, "stat: no command in parentheses"},
		{"cut off", "7 (a) S 1 2 3", Stat{}, "stat: 4 fields after the command"},
		{"a state of two letters", "7 (a) SS" + statTail, Stat{}, "stat: 22 fields after the command"},
		{"no pid", "(a) S" + statTail, Stat{}, `stat: strconv.Atoi: parsing "": invalid syntax`},
		{"a parent that is no number", "7 (a) S x" + statTail[2:], Stat{}, `stat: strconv.Atoi: parsing "x": invalid syntax`},
		{"a start before boot", "7 (a) S 1 2 3 0 -1 4194304 97 0 0 0 0 0 0 0 20 0 1 0 -1 0", Stat{}, `stat: strconv.ParseUint: parsing "-1": invalid syntax`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseStat([]byte(tt.in))
			checkError(t, err, tt.err)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("stat (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte(statJava))
	f.Add([]byte("7 (a) R 9 (b) S" + statTail))
	f.Fuzz(func(t *testing.T, b []byte) {
		st, err := parseStat(b)
		if err != nil && st != (Stat{}) {
			t.Errorf("error %v with half an answer: %+v", err, st)
		}
		if err == nil && !strings.Contains(string(b), "("+st.Command+")") {
			t.Errorf("command %q is not in %q", st.Command, b)
		}
	})
}

func TestStatOfOurselves(t *testing.T) {
	own, err := Scanner{}.Stat(os.Getpid())
	if err != nil || own.PID != os.Getpid() || own.Parent != os.Getppid() || own.Zombie() || own.StartTicks == 0 {
		t.Errorf("%+v, %v", own, err)
	}
	all, err := Scanner{}.Stats()
	if err != nil || !slices.ContainsFunc(all, func(s Stat) bool { return s.ID() == own.ID() }) {
		t.Errorf("not among %d processes, %v", len(all), err)
	}
}

func TestStatOfOneThatIsGone(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if st, err := (Scanner{}).Stat(cmd.Process.Pid); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%+v, %v, want fs.ErrNotExist", st, err)
	}
}
