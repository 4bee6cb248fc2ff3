package advise

import (
	"testing"

	"portguard/cmd/portguard/internal/flags"
)

// What is advised about another network namespace acts in that one, whoever is to type it.
func TestAdviceIsForTheNamespaceThatWasAsked(t *testing.T) {
	blue := flags.Netns{Netns: "blue"}
	path := blue.Path()
	for _, tt := range []struct{ here, there string }{
		{"portguard --share -p 1 -- COMMAND", "nsenter --net=" + path + " portguard --share -p 1 -- COMMAND"},
		{"sudo portguard --share -p 1", "sudo nsenter --net=" + path + " portguard --share -p 1"},
		{"portguard reserve 1,2", "portguard reserve --netns blue 1,2"},
		{"portguard reserve --force 1,2", "portguard reserve --netns blue --force 1,2"},
		{"sudo portguard reserve 1", "sudo portguard reserve --netns blue 1"},
		{"systemctl stop a.socket", "systemctl stop a.socket"},
	} {
		if got := there([]Line{{Command: tt.here}}, blue)[0].Command; got != tt.there {
			t.Errorf("%s: %q, want %q", tt.here, got, tt.there)
		}
	}
}
