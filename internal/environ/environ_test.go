package environ

import "testing"

func TestLookup(t *testing.T) {
	for _, tt := range []struct {
		name    string
		environ []string
		want    string
		ok      bool
	}{
		{"set", []string{"A=1", "NAME=value", "B=2"}, "value", true},
		{"not set", []string{"A=1"}, "", false},
		{"nothing at all", nil, "", false},
		{"empty", []string{"NAME="}, "", true},
		{"twice", []string{"NAME=first", "NAME=second"}, "first", true},
		{"an entry that is no variable", []string{"NAME", "NAME=value"}, "value", true},
		{"a value with an equal sign", []string{"NAME=a=b"}, "a=b", true},
		{"names that begin or end with it", []string{"NAMES=x", "MYNAME=y", "NAME=z"}, "z", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			value, ok := Lookup(tt.environ, "NAME")
			if value != tt.want || ok != tt.ok {
				t.Errorf("%q, %v; want %q, %v", value, ok, tt.want, tt.ok)
			}
			if got := Get(tt.environ, "NAME"); got != tt.want {
				t.Errorf("Get: %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFromSystemd(t *testing.T) {
	for _, tt := range []struct {
		name    string
		environ []string
		want    bool
	}{
		{"not by systemd", []string{"PATH=/bin"}, false},
		{"itself", []string{"SYSTEMD_EXEC_PID=4711"}, true},
		{"by a shell that systemd started", []string{"SYSTEMD_EXEC_PID=4700"}, false},
		{"no number", []string{"SYSTEMD_EXEC_PID="}, false},
		{"the first entry counts", []string{"SYSTEMD_EXEC_PID=1", "SYSTEMD_EXEC_PID=4711"}, false},
		{"another variable that ends alike", []string{"XSYSTEMD_EXEC_PID=4711"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := FromSystemd(tt.environ, 4711); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
