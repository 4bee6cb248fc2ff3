package mend

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
		{"an em dash for two", []string{"—share"}, []string{"--share"}, `"—share" has '—' (U+2014), which is not what it looks like`},
		{"an en dash for one", []string{"–p", "80"}, []string{"-p", "80"}, `"–p" has '–' (U+2013), which is not what it looks like`},
		{"an en dash before its value", []string{"–p80"}, []string{"-p80"}, `"–p80" has '–' (U+2013), which is not what it looks like`},
		{"two minus signs", []string{"−−dry−run"}, []string{"--dry-run"}, `"−−dry−run" has '−' (U+2212), which is not what it looks like`},
		{"before COMMAND", []string{"80", "—", "true"}, []string{"80", "--", "true"}, `"—" has '—' (U+2014), which is not what it looks like`},
		{"quotes around words", []string{"-c", "“exit", "3”"}, []string{"-c", "exit", "3"}, `"“exit" has '“' (U+201C), which is not what it looks like`},
		{"an apostrophe", []string{"Bob’s", "80"}, []string{"Bobs", "80"}, `"Bob’s" has '’' (U+2019), which is not what it looks like`},
		{"a space that does not break", []string{"-p\u00a080"}, []string{"-p", "80"}, `"-p\u00a080" has '\u00a0' (U+00A0), which is not what it looks like`},
		{"a space without width", []string{"80\u200b"}, []string{"80"}, `"80\u200b" has '\u200b' (U+200B), which is not what it looks like`},
		{"a line of Windows", []string{"80\r"}, []string{"80"}, `"80\r" has '\r' (U+000D), which is not what it looks like`},
		{"a carriage return alone", []string{"80", "\r"}, []string{"80"}, `"\r" has '\r' (U+000D), which is not what it looks like`},
		{"full width", []string{"８０，81"}, []string{"80,81"}, `"８０，81" has '８' (U+FF18), which is not what it looks like`},
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
