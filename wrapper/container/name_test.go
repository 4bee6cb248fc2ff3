package container

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// write makes files below a new root directory.
func write(t testing.TB, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestName(t *testing.T) {
	id := func(digits string) string { return strings.Repeat(digits, 32) }
	const docker, storage = "var/lib/docker/containers/", "var/lib/containers/storage/"
	root := write(t, map[string]string{
		docker + id("3f") + "/config.v2.json":                                         `{"ID":"3f","Name":"/web","Config":{}}`,
		docker + id("00") + "/config.v2.json":                                         `{"Name":`,
		docker + id("01") + "/config.v2.json":                                         `{}`,
		docker + id("02") + "/config.v2.json/is-a-directory":                          "",
		"home/ann/.local/share/docker/containers/" + id("3f") + "/config.v2.json":     `{"Name":"/anns"}`,
		storage + "overlay-containers/containers.json":                                `[{"id":"other","names":["db"]},{"id":"` + id("3f") + `","names":["k8s_web_pod_ns_uid_0","web"]}]`,
		storage + "vfs-containers/containers.json":                                    `[{"id":"` + id("04") + `","names":["flat"]}]`,
		storage + "vfs-containers/volatile-containers.json":                           `[{"id":"` + id("05") + `","names":["brief"]}]`,
		"home/ann/.local/share/containers/storage/vfs-containers/containers.json":     `[{"id":"` + id("04") + `","names":["anns"]}]`,
		"home/ann/.local/share/containers/storage/overlay-containers/containers.json": `[{"id":7}]`,
		"etc/secret": `[{"id":"` + id("06") + `","names":["secret"]}]`,
	})
	if err := os.Symlink(filepath.Join(root, "etc/secret"), filepath.Join(root, "home/ann/.local/share/containers/storage/vfs-containers/volatile-containers.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "home/eve/.local/share/containers/storage/vfs-containers"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(filepath.Join(root, "home/eve/.local/share/containers/storage/vfs-containers/containers.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	files := Files{Root: root, Home: func(uid uint32) string {
		return filepath.Join(root, map[uint32]string{1000: "home/ann", 1001: "home/eve"}[uid])
	}}
	for _, tt := range []struct {
		name string
		c    Container
		want string
	}{
		{"docker keeps a file a container", Container{Runtime: "docker", ID: id("3f")}, "web"},
		{"a user's docker keeps it at home", Container{Runtime: "docker", ID: id("3f"), User: 1000}, "anns"},
		{"podman keeps one list, with the pod's long name beside the short one", Container{Runtime: "podman", ID: id("3f")}, "web"},
		{"cri-o keeps the same list", Container{Runtime: "cri-o", ID: "other"}, "db"},
		{"another storage driver, another list", Container{Runtime: "podman", ID: id("04")}, "flat"},
		{"what is removed when it ends has a list of its own", Container{Runtime: "podman", ID: id("05")}, "brief"},
		{"a user's podman keeps it at home, and the system's list is not asked", Container{Runtime: "podman", ID: id("04"), User: 1000}, "anns"},
		{"of another user's, root's list is not asked", Container{Runtime: "podman", ID: id("05"), User: 1000}, ""},
		{"a user's link leads nowhere", Container{Runtime: "podman", ID: id("06"), User: 1000}, ""},
		{"a pipe that nobody writes to is not waited for", Container{Runtime: "podman", ID: id("06"), User: 1001}, ""},
		{"not in the list", Container{Runtime: "podman", ID: "gone"}, ""},
		{"no file", Container{Runtime: "docker", ID: id("aa")}, ""},
		{"a broken file", Container{Runtime: "docker", ID: id("00")}, ""},
		{"no name in it", Container{Runtime: "docker", ID: id("01")}, ""},
		{"no file but a directory", Container{Runtime: "docker", ID: id("02")}, ""},
		{"an id is no path", Container{Runtime: "docker", ID: "../containers/" + id("3f")}, ""},
		{"a machine's id is its name", Container{Runtime: "systemd-nspawn", ID: "mail"}, "mail"},
		{"containerd keeps names in its own database", Container{Runtime: "containerd", ID: id("3f")}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := files.Name(tt.c); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// The files of container runtimes, cut, huge or of another shape.
func FuzzName(f *testing.F) {
	f.Add([]byte(`{"ID":"3f","Name":"/web","Config":{}}`), "docker")
	f.Add([]byte(`[{"id":"`+id1+`","names":["web","b"]}]`), "podman")
	f.Add([]byte(`[{"id":"`+id1+`","names":[]},{"id":7}]`), "cri-o")
	f.Add([]byte(`{"Name":{"Name":1}}`), "docker")
	paths := []string{"var/lib/docker/containers/" + id1 + "/config.v2.json", "var/lib/containers/storage/overlay-containers/containers.json"}
	root := write(f, map[string]string{paths[0]: "", paths[1]: ""})
	f.Fuzz(func(t *testing.T, text []byte, runtime string) {
		for _, path := range paths {
			if err := os.WriteFile(filepath.Join(root, path), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c := Container{Runtime: runtime, ID: id1}
		c.Name = Files{Root: root}.Name(c)
		if c.Name != "" && c.Name != id1 && runtime != "docker" && runtime != "podman" && runtime != "cri-o" {
			t.Errorf("runtime %q has a name %q", runtime, c.Name)
		}
		if command := c.Stop(0); strings.ContainsAny(command, "\n;|&$`\"\\()<>") {
			t.Errorf("named %q, it is stopped by %q", c.Name, command)
		}
	})
}
