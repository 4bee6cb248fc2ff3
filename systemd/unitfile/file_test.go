package unitfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every row was seen to be read like this by systemd 252.
func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []Assignment
	}{
		{"sections", "[Unit]\nA=1\n[Service]\nA=2\n", []Assignment{{"Unit", "A", "1"}, {"Service", "A", "2"}}},
		{"blanks around everything", "  [Service]  \n\t A =  b c  \n", []Assignment{{"Service", "A", "b c"}}},
		{"comments", "# A=1\n  ; B=1\nC=1 # no comment\n", []Assignment{{"", "C", "1 # no comment"}}},
		{"a continued line", "A=b\\\nc\n", []Assignment{{"", "A", "b c"}}},
		{"comments in a continued line", "A=b \\\n# x\n  ; y\n  c\\\nd\nB=1", []Assignment{{"", "A", "b    c d"}, {"", "B", "1"}}},
		{"an empty line ends a continued one", "A=b\\\n\nB=1", []Assignment{{"", "A", "b"}, {"", "B", "1"}}},
		{"an escaped backslash continues nothing", "A=b\\\\\nB=1", []Assignment{{"", "A", `b\\`}, {"", "B", "1"}}},
		{"a blank after the backslash continues nothing", "A=b\\  \nB=1", []Assignment{{"", "A", `b\`}, {"", "B", "1"}}},
		{"the file ends in a continued line", "A=b\\", []Assignment{{"", "A", "b"}}},
		{"lines of another system", "[Service]\r\nA=b\r\n", []Assignment{{"Service", "A", "b"}}},
		{"a byte order mark", "\ufeff[Service]\nA=b", []Assignment{{"Service", "A", "b"}}},
		{"what is no assignment", "[Service\nhello\nA=b=c\n", []Assignment{{"", "A", "b=c"}}},
		{"nothing", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Parse(tt.text)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestListAndLast(t *testing.T) {
	files := [][]Assignment{
		Parse("[Service]\nExecStart=a\nNotifyAccess=main\n[Unit]\nExecStart=x"),
		Parse("[Service]\nExecStart=\nExecStart=b\nExecStart=c"),
		Parse("[Service]\nNotifyAccess=all\nEmpty=1\nEmpty="),
	}
	if diff := cmp.Diff([]string{"b", "c"}, List(files, "Service", "ExecStart")); diff != "" {
		t.Errorf("ExecStart (-want +got)\n%s", diff)
	}
	for key, want := range map[string]string{"NotifyAccess": "all", "Empty": "", "Absent": ""} {
		if got := Last(files, "Service", key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

// What Parse has read reads the same when it is written down plainly.
func FuzzParse(f *testing.F) {
	f.Add("[Unit]\nDescription=A high performance web server\nAfter=network-online.target\n\n[Service]\nType=forking\nPIDFile=/run/nginx.pid\n" +
		"ExecStartPre=/usr/sbin/nginx -t -q -g 'daemon on; master_process on;'\nExecStart=/usr/sbin/nginx -g 'daemon on; master_process on;'\n" +
		"ExecStop=-/sbin/start-stop-daemon --quiet --stop --retry QUIT/5 --pidfile /run/nginx.pid\n")
	f.Add("[Service]\nExecStart=/bin/echo a \\\n# comment\n  b\\\nc\n")
	f.Fuzz(func(t *testing.T, text string) {
		all := Parse(text)
		var b strings.Builder
		for _, a := range all {
			if strings.ContainsAny(a.Section+a.Key+a.Value, "\n\r\\") || strings.ContainsAny(a.Section, "[]") || a.Key == "" || strings.ContainsAny(a.Key[:1], "#;[\ufeff") {
				return
			}
			b.WriteString("[" + a.Section + "]\n" + a.Key + "=" + a.Value + "\n")
		}
		again := Parse(b.String())
		if diff := cmp.Diff(all, again); diff != "" {
			t.Errorf("(-read +read again)\n%s", diff)
		}
	})
}
