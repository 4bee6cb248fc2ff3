package container

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ContainerName is what people call a container, from the files that its runtime keeps below root ("" for /); "" when
// they do not say, or may not be read, which mostly takes uid 0. No daemon is asked.
func ContainerName(root string, c Container) string {
	switch c.Runtime {
	case "docker":
		return dockerName(filepath.Join(root, "/var/lib/docker/containers", c.ID, "config.v2.json"))
	case "podman", "cri-o":
		return storageName(filepath.Join(root, "/var/lib/containers/storage/overlay-containers/containers.json"), c.ID)
	case "lxc", "systemd-nspawn":
		return c.ID
	}
	return ""
}

// dockerName reads {"Name":"/web", …}.
func dockerName(path string) string {
	var config struct{ Name string }
	if !readJSON(path, &config) {
		return ""
	}
	return strings.TrimPrefix(config.Name, "/")
}

// storageName reads the list of containers/storage: [{"id":"3f…","names":["web", …]}, …].
func storageName(path, id string) string {
	var list []struct {
		ID    string   `json:"id"`
		Names []string `json:"names"`
	}
	if !readJSON(path, &list) {
		return ""
	}
	for _, c := range list {
		if c.ID == id && len(c.Names) > 0 {
			return slices.MinFunc(c.Names, func(a, b string) int { return len(a) - len(b) })
		}
	}
	return ""
}

func readJSON(path string, into any) bool {
	const limit = 16 << 20
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() || st.Size() > limit {
		return false
	}
	text, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(text, into) == nil
}
