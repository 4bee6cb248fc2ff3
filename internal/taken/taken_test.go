package taken

import "testing"

func TestBy(t *testing.T) {
	for process, want := range map[string]Does{
		"memcached":       Half,
		"sshd":            Half,
		"xinetd":          Deaf,
		"nginx":           Ends,
		"prometheus-node": Ends,    // as the kernel cuts its name
		"mosquitto":       Unknown, // it ends in one configuration, and goes on in another
		"order":           Unknown,
		"python3":         Unknown,
		"":                Unknown,
	} {
		if got := By(process); got != want {
			t.Errorf("%q: %q, want %q", process, got, want)
		}
	}
}

// A line that is not understood would be lost without a word.
func TestEveryLineIsARow(t *testing.T) {
	text := ""
	for _, r := range Rows() {
		text += r.Line()
	}
	if text != servers || text == "" {
		t.Error("servers.tsv has lines that are no rows")
	}
}
