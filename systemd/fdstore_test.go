package systemd

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestListenFDs(t *testing.T) {
	for _, tt := range []struct {
		name    string
		environ []string
		want    []Passed
	}{
		{"none", []string{"A=b"}, nil},
		{"for another process", []string{"LISTEN_PID=8", "LISTEN_FDS=1"}, nil},
		{"without a pid", []string{"LISTEN_FDS=1"}, nil},
		{"two with names", []string{"LISTEN_PID=7", "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b"}, []Passed{{3, "a"}, {4, "b"}}},
		{"without names", []string{"LISTEN_PID=7", "LISTEN_FDS=1"}, []Passed{{3, ""}}},
		{"fewer names than descriptors", []string{"LISTEN_PID=7", "LISTEN_FDS=2", "LISTEN_FDNAMES=a"}, []Passed{{3, "a"}, {4, ""}}},
		{"more names than descriptors", []string{"LISTEN_PID=7", "LISTEN_FDS=1", "LISTEN_FDNAMES=a:b"}, []Passed{{3, "a"}}},
		{"not a number", []string{"LISTEN_PID=7", "LISTEN_FDS=x"}, nil},
		{"negative", []string{"LISTEN_PID=7", "LISTEN_FDS=-1"}, nil},
		{"more than can be", []string{"LISTEN_PID=7", "LISTEN_FDS=2000000000"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ListenFDs(tt.environ, 7)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWithoutFDs(t *testing.T) {
	environ := []string{"A=1", "LISTEN_PID=7", "LISTEN_FDS=3", "FDSTORE=2", "LISTEN_FDNAMES=web:portguard-tcp-80:log", "LISTEN_PIDFDID=99", "B=2"}
	odd := []string{"LISTEN_PID=7", "LISTEN_FDS=+2", "FDSTORE=0", "LISTEN_FDNAMES=web", "FDSTORE=007", "LISTEN_PID"}
	for _, tt := range []struct {
		name    string
		environ []string
		pid     int
		keep    []Passed
		own     int
		want    []string
	}{
		{"for another process: nothing of it is ours to change", environ, 8, nil, 0, environ},
		{"none of ours: to the byte as it came", odd, 7, []Passed{{3, "web"}, {4, ""}}, 0, odd},
		{"no store was ours", []string{"FDSTORE=0", "FDSTORE=+1"}, 7, nil, 0, []string{"FDSTORE=0", "FDSTORE=+1"}},
		{"nothing is left: as if there had never been any", environ, 7, nil, 2,
			[]string{"A=1", "B=2"}},
		{"the others keep their order and names", environ, 7, []Passed{{3, "web"}, {5, "log"}}, 1,
			[]string{"A=1", "LISTEN_PID=7", "LISTEN_FDS=2", "FDSTORE=1", "LISTEN_FDNAMES=web:log", "LISTEN_PIDFDID=99", "B=2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, WithoutFDs(tt.environ, tt.pid, tt.keep, tt.own)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
