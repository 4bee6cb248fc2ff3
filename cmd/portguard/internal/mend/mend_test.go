package mend

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A mend changes what is wrong, in the form in which it was typed, and nothing else.
func TestMends(t *testing.T) {
	root := &cobra.Command{Use: "portguard", Run: func(*cobra.Command, []string) {}}
	hold := &cobra.Command{Use: "hold", Run: func(*cobra.Command, []string) {}}
	root.AddCommand(hold)
	for _, fs := range []*pflag.FlagSet{root.Flags(), hold.Flags()} {
		fs.StringArrayP("port", "p", nil, "")
		fs.String("wait", "", "")
		fs.BoolP("quiet", "q", false, "")
		fs.BoolP("verbose", "v", false, "")
	}
	port := root.Flags().Lookup("port")
	isPort := func(word string) bool { return strings.Trim(word, "0123456789") == "" }
	for _, tt := range []struct {
		name        string
		command     *cobra.Command
		typed, want string
		mend        Mend
	}{
		{"a value of its own word", root, "--wait 30 -p 80 -- x --wait 30", "--wait 30s -p 80 -- x --wait 30", Value("wait", "30", "30s")},
		{"a value behind =", root, "--wait=30 -p 80", "--wait=30s -p 80", Value("wait", "30", "30s")},
		{"another value", root, "--wait 5s", "--wait 5s", Value("wait", "30", "30s")},
		{"a part, behind a letter", root, "-qp80x,81 -- -p 80x", "-q -p80,81 -- -p 80x", Part("port", "80x", "80")},
		{"a part, behind a letter and =", root, "-p=80x,81", "-p=80,81", Part("port", "80x", "80")},
		{"a part too many", root, "-p 80,,81 -p ,82", "-p 80,81 -p 82", Part("port", "", "")},
		{"a part of a word", hold, "hold 80,81x -p 81x", "hold 80,81 -p 81x", Part("", "81x", "81")},
		{"a word too many", hold, "hold 80 x -q", "hold 80 -q", Part("", "x", "")},
		{"a flag of two words", root, "-q --wait 30s -p 80", "-q -p 80", Without("wait")},
		{"a letter of two", root, "-qv -p 80 -v", "-q -p 80", Without("verbose")},
		{"a flag with a value", root, "--quiet=on -p 80", "--quiet -p 80", Bare("quiet")},
		{"before another", root, "-q -p 80 -v", "-q -p 80 --wait 30s -v", Before("verbose", "--wait", "30s")},
		{"behind the others", root, "-q -- x", "-q -p 80 -- x", With("-p", "80")},
		{"behind the others, before a word", root, "-q x", "-q -p 80 x", With("-p", "80")},
		{"behind the others and words", hold, "hold x -q", "hold x -q -p 80", With("-p", "80")},
		{"a value that lacks at the end", root, "-q -p", "-q -p 80", Fill(port, "80")},
		{"a value that is a flag", root, "-p -q -- x", "-p 80 -q -- x", Fill(port, "80")},
		{"a flag that has its value elsewhere", root, "-p 80 -p", "-p 80", Fill(port, "30010")},
		{"a flag given twice", root, "-p 80 -q -p 80", "-p 80 -q", Once("port", "80")},
		{"words that lack their flag", hold, "hold 80 -q 81", "hold -p 80 -q -p 81", Flagged("-p", isPort)},
		{"all the words", hold, "hold 80 -p 5 to 81", "hold 80-81 -p 5", Instead("80-81")},
		{"no words", hold, "hold 80 -q 81", "hold -q", Instead()},
		{"the name of a thing", hold, "hold -q", "hold x -q", Named("x")},
		{"a COMMAND too many", hold, "hold -q -- x y", "hold -q", Alone},
		{"a COMMAND that lacks", root, "-p 80 --", "-p 80 -- x", Starting("x")},
		{"a COMMAND and its --", root, "-p 80", "-p 80 -- x", Starting("x")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := Read(tt.command, strings.Fields(tt.typed))
			tt.mend(l)
			if got := strings.Join(l.Words(), " "); got != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.typed, got, tt.want)
			}
		})
	}
}
