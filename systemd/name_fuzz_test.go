package systemd

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// What people type for a unit becomes the name of a directory: it must never lead out of the one for units.
func FuzzServiceName(f *testing.F) {
	for _, text := range []string{"order", "order.service", "foo@1", "foo@", "../../etc/passwd", "a/b", ".service", "a.service.service", "a\nb", "@x", `a\x2db`, "cron.timer"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := ServiceName(text)
		if err != nil {
			var refused *NameError
			if name != "" || !errors.As(err, &refused) {
				t.Errorf("%q, %v", name, err)
			}
			return
		}
		if filepath.Base(name) != name || strings.ContainsAny(name, "/\n\x00 ") || !strings.HasSuffix(name, ".service") {
			t.Errorf("%q is the unit %q", text, name)
		}
		if again, err := ServiceName(name); err != nil || again != name {
			t.Errorf("%q is %q, which is %q, %v", text, name, again, err)
		}
	})
}
