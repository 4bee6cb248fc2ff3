package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What text editors, chats and input methods make of a line is undone.
func TestTypeset(t *testing.T) {
	for _, tt := range []struct {
		name    string
		typed   []string
		plain   []string
		strange string
	}{
		{"nothing", []string{"-p", "30010", "--", "echo", "it's", `"x"`}, nil, ""},
		{"an em dash for two", []string{"—share"}, []string{"--share"}, `"—share" has a typographic dash (U+2014), which is not -`},
		{"an en dash for one", []string{"–p", "80"}, []string{"-p", "80"}, `"–p" has a typographic dash (U+2013), which is not -`},
		{"an en dash before its value", []string{"–p80"}, []string{"-p80"}, `"–p80" has a typographic dash (U+2013), which is not -`},
		{"two minus signs", []string{"−−dry−run"}, []string{"--dry-run"}, `"−−dry−run" has a typographic dash (U+2212), which is not -`},
		{"before COMMAND", []string{"80", "—", "true"}, []string{"80", "--", "true"}, `"—" has a typographic dash (U+2014), which is not -`},
		{"in a range", []string{"80", "–", "90"}, []string{"80", "-", "90"}, `"–" has a typographic dash (U+2013), which is not -`},
		{"quotes around words", []string{"-c", "“exit", "3”"}, []string{"-c", "exit 3"}, `"“exit" has a typographic quote (U+201C), which quotes nothing`},
		{"an apostrophe", []string{"Bob’s", "80"}, []string{"Bobs", "80"}, `"Bob’s" has a typographic quote (U+2019), which quotes nothing`},
		{"a space that does not break", []string{"-p\u00a080"}, []string{"-p", "80"}, `"-p\u00a080" has a space (U+00A0) that separates no words`},
		{"a space without width", []string{"80\u200b"}, []string{"80"}, `"80\u200b" has a character that does not show (U+200B)`},
		{"a line of Windows", []string{"80\r"}, []string{"80"}, `"80\r" ends in a carriage return, as lines of Windows do`},
		{"a carriage return alone", []string{"80", "\r"}, []string{"80"}, `"\r" ends in a carriage return, as lines of Windows do`},
		{"full width", []string{"８０，81"}, []string{"80,81"}, `"８０，81" has a full-width ８ (U+FF18), which is no 8`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plain, strange := Typeset(tt.typed)
			if diff := cmp.Diff(tt.plain, plain); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if strange != tt.strange {
				t.Errorf("%s, want %s", strange, tt.strange)
			}
		})
	}
}
