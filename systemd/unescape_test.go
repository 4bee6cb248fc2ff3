package systemd

import "testing"

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		`web`:           "web",
		`web\x2d1`:      "web-1",
		`a\x2Fb`:        "a/b",
		`\x5cx2d`:       `\x2d`, // once only
		`web\x2`:        `web\x2`,
		`web\xzz`:       `web\xzz`,
		`web\`:          `web\`,
		`a\x2d\x2d\x2d`: "a---",
	} {
		if got := Unescape(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
