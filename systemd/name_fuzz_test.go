package systemd

import (
	"errors"
	"os"
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

// The files of container runtimes, cut, huge or of another shape.
func FuzzContainerName(f *testing.F) {
	f.Add([]byte(`{"ID":"3f","Name":"/web","Config":{}}`), "docker")
	f.Add([]byte(`[{"id":"3f","names":["web","b"]}]`), "podman")
	f.Add([]byte(`[{"id":"3f","names":[]},{"id":7}]`), "cri-o")
	f.Add([]byte(`{"Name":{"Name":1}}`), "docker")
	root := f.TempDir()
	for _, dir := range []string{"/var/lib/docker/containers/3f", "/var/lib/containers/storage/overlay-containers"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, runtime string) {
		for _, path := range []string{"/var/lib/docker/containers/3f/config.v2.json", "/var/lib/containers/storage/overlay-containers/containers.json"} {
			if err := os.WriteFile(filepath.Join(root, path), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		name := ContainerName(root, Container{Runtime: runtime, ID: "3f"})
		if name != "" && name != "3f" && !strings.Contains(runtime, "docker") && runtime != "podman" && runtime != "cri-o" {
			t.Errorf("runtime %q has a name %q", runtime, name)
		}
	})
}
