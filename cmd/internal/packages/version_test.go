package main

import (
	"testing"
	"time"
)

func TestPackageVersion(t *testing.T) {
	date := time.Date(2026, 11, 22, 12, 36, 6, 0, time.UTC)
	for _, tt := range []struct{ name, version, deb, apk, archive string }{
		{"a release", "v1.2.3", "1.2.3", "1.2.3", "1.2.3"},
		{"a candidate", "v1.2.3-rc.1", "1.2.3~rc.1", "1.2.3_pre1", "1.2.3-rc.1"},
		{"before any tag", "v0.0.0-20261122123606-05f306a62556", "0.0.0~20261122123606.05f306a62556", "0.0.0_pre20261122123606",
			"0.0.0-20261122123606-05f306a62556"},
		{"after a release", "v1.2.4-0.20261122123606-05f306a62556", "1.2.4~0.20261122123606.05f306a62556", "1.2.4_pre020261122123606",
			"1.2.4-0.20261122123606-05f306a62556"},
		{"with changes", "v1.2.3+dirty", "1.2.3+dirty", "1.2.3", "1.2.3+dirty"},
		{"without a repository", "(devel)", "0.0.0~20261122123606", "0.0.0_pre20261122123606", "0.0.0-20261122123606"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for format, want := range map[string]string{"deb": tt.deb, "rpm": tt.deb, "apk": tt.apk, "tar.gz": tt.archive} {
				if got := packageVersion(format, tt.version, date); got != want {
					t.Errorf("%s: got %s, want %s", format, got, want)
				}
			}
		})
	}
}
