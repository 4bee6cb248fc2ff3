package mend

import (
	"slices"
	"testing"
)

// The first rule that fits makes the line. A word keeps its spaces, and a COMMAND is none of its business.
func TestByRule(t *testing.T) {
	rules := []Rule{
		{Typed: `^¦(run) `, Meant: "", Problem: `no "$1"`},
		{Typed: `(-[a-z]) ¦(yes)`, Meant: "$1", Problem: `$1 takes no "$2"`},
		{Typed: `¦yes`, Meant: "no", Problem: "yes"},
	}
	for _, tt := range []struct {
		name, problem string
		typed         []string
		at            int
		want          []string
	}{
		{"at the beginning", `no "run"`, []string{"run", "-p", "80", "--", "run", "x"}, 0, []string{"-p", "80", "--", "run", "x"}},
		{"not elsewhere", "", []string{"-q", "run"}, 1, nil},
		{"the first that fits", `-q takes no "yes"`, []string{"-q", "yes"}, 1, []string{"-q"}},
		{"the next", "yes", []string{"yes", "yes"}, 1, []string{"yes", "no"}},
		{"words with spaces", "yes", []string{"a  b", "yes", "c d"}, 1, []string{"a  b", "no", "c d"}},
		{"nothing before a COMMAND", "", []string{"-q", "--", "yes"}, 1, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, problem := ByRule(rules, tt.typed, tt.at); !slices.Equal(got, tt.want) || problem != tt.problem {
				t.Errorf("%q, %s", got, problem)
			}
		})
	}
}
