package container

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestContainerName(t *testing.T) {
	id := strings.Repeat("3f", 32)
	root := t.TempDir()
	for path, text := range map[string]string{
		"var/lib/docker/containers/" + id + "/config.v2.json":               `{"ID":"` + id + `","Name":"/web","Config":{}}`,
		"var/lib/docker/containers/broken/config.v2.json":                   `{"Name":`,
		"var/lib/containers/storage/overlay-containers/containers.json":     `[{"id":"other","names":["db"]},{"id":"` + id + `","names":["k8s_web_pod_ns_uid_0","web"]}]`,
		"var/lib/docker/containers/unnamed/config.v2.json":                  `{}`,
		"var/lib/docker/containers/directory/config.v2.json/is-a-directory": "",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		c    Container
		want string
	}{
		{"docker keeps a file a container", Container{Runtime: "docker", ID: id}, "web"},
		{"podman keeps one list, with the pod's long name beside the short one", Container{Runtime: "podman", ID: id}, "web"},
		{"cri-o keeps the same list", Container{Runtime: "cri-o", ID: "other"}, "db"},
		{"not in the list", Container{Runtime: "podman", ID: "gone"}, ""},
		{"no file", Container{Runtime: "docker", ID: "gone"}, ""},
		{"a broken file", Container{Runtime: "docker", ID: "broken"}, ""},
		{"no name in it", Container{Runtime: "docker", ID: "unnamed"}, ""},
		{"no file but a directory", Container{Runtime: "docker", ID: "directory"}, ""},
		{"a machine's id is its name", Container{Runtime: "systemd-nspawn", ID: "mail"}, "mail"},
		{"containerd keeps names in its own database", Container{Runtime: "containerd", ID: id}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ContainerName(root, tt.c); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
