package release

import "testing"

func TestSince(t *testing.T) {
	for _, tt := range []struct {
		release string
		want    bool // since 6.8
	}{
		{"6.8.0", true},
		{"6.8.0-rc1", true},
		{"6.8-rc1", true},
		{"6.18.44", true},
		{"7.2.13+deb14-cloud-amd64", true},
		{"10.0", true},
		{"6.7.12", false},
		{"6.1.0-56-cloud-amd64", false},
		{"5.14.0-503.el9.x86_64", false},
		{"5.10.0-46", false},
		{"2.6.78", false}, // what setarch --uname-2.6 makes of 6.18
		{"", false},
		{"6", false},
		{"six.eight", false},
	} {
		if got := since(tt.release, 6, 8); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.release, got, tt.want)
		}
	}
}
