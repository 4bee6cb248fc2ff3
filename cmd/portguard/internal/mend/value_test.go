package mend

import "testing"

func TestDuration(t *testing.T) {
	for typed, want := range map[string]string{
		"30": "30s", "1m30": "1m30s", "1h30": "1h30m", "30sec": "30s", "30 s": "30s", "30S": "30s", "5minutes": "5m", "2hours": "2h",
		"1d": "24h", "1.5min": "1.5m", "10 000ms": "10000ms",
		"": "30s", "soon": "30s", "0": "30s", "-5s": "30s", "5y": "30s", "1s30": "1s30s", "m5": "30s",
		"infinity": "30s",
	} {
		if got := Duration(typed, "30s"); got != want {
			t.Errorf("%q: %s, want %s", typed, got, want)
		}
	}
	if got := Forever("infinity", "30s"); got != "forever" {
		t.Errorf("infinity: %s", got)
	}
}

func TestMeant(t *testing.T) {
	for typed, want := range map[string]string{"yes": "yes", "YES": "yes", "true": "yes", "1": "yes", "off": "no", "maybe": "yes"} {
		if got := YesOrNo(typed); got != want {
			t.Errorf("%q: %s, want %s", typed, got, want)
		}
	}
}
