package systemd

import "testing"

func TestCallFilter(t *testing.T) {
	for _, tt := range []struct {
		name string
		f    CallFilter
		want Answer // of madvise
	}{
		{"none", CallFilter{}, Passes},
		{"allowed", CallFilter{AllowList: true, Calls: []string{"read", "madvise"}}, Passes},
		{"not among those allowed", CallFilter{AllowList: true, Calls: []string{"read"}}, Kills},
		{"not among those allowed, by an errno", CallFilter{AllowList: true, Calls: []string{"read"}, Errno: true}, Fails},
		{"among those allowed with an errno of its own", CallFilter{AllowList: true, Calls: []string{"madvise:EPERM"}}, Fails},
		{"forbidden", CallFilter{Calls: []string{"madvise"}}, Kills},
		{"forbidden, by an errno", CallFilter{Calls: []string{"madvise"}, Errno: true}, Fails},
		{"forbidden by an errno of its own", CallFilter{Calls: []string{"madvise:ENOSYS"}}, Fails},
		{"forbidden by death, where others fail", CallFilter{Calls: []string{"madvise:kill"}, Errno: true}, Kills},
		{"not among those forbidden", CallFilter{Calls: []string{"madvise2"}}, Passes},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.f.Answer("madvise"); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
