package owner

import "testing"

func TestParseHidepid(t *testing.T) {
	const before = "21 26 0:20 / /proc rw,relatime - proc proc rw,gid=7,hidepid=invisible\n"
	for _, tt := range []struct {
		name, line string
		hides      bool
		but        int
	}{
		{"all shows", "40 30 0:37 / /proc rw,relatime shared:9 - proc proc rw\n", false, -1},
		{"others are closed, and show", "40 30 0:37 / /proc rw,relatime - proc proc rw,hidepid=noaccess\n", false, -1},
		{"others do not show", "40 30 0:37 / /proc rw,relatime - proc proc rw,hidepid=invisible\n", true, -1},
		{"but to a group", "40 30 0:37 / /proc rw,relatime - proc proc rw,gid=65534,hidepid=invisible\n", true, 65534},
		{"before Linux 5.8", "40 30 0:37 / /proc rw,relatime - proc proc rw,gid=4,hidepid=2\n", true, 4},
		{"only who may be traced, whatever the group", "40 30 0:37 / /proc rw,relatime - proc proc rw,gid=65534,hidepid=ptraceable\n", true, -1},
		{"another mount", "", false, -1},
		{"cut off", "40 30 0:37 / /proc", false, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if hides, but := parseHidepid([]byte(before+tt.line), 40); hides != tt.hides || but != tt.but {
				t.Errorf("hides %v, but to %d; want %v, %d", hides, but, tt.hides, tt.but)
			}
		})
	}
}
