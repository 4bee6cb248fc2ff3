package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

//go:embed scripts
var scripts embed.FS // read only

const (
	summary = "gets a service's port free, then becomes the service"
	details = `portguard goes in front of the command that starts a service. It asks the
kernel whether the service's port can be bound, says who stands in the way
(often an outgoing connection that was given the port while the service was
down), gets the port free with the least harm that it was allowed, and becomes
the service: same process, environment and signals. It also audits a host,
reserves ports for good, and guards systemd units.`
)

// config is what nFPM is told. JSON is YAML.
type config struct {
	Name          string            `json:"name"`
	Arch          string            `json:"arch"`
	Platform      string            `json:"platform"`
	Version       string            `json:"version"`
	VersionSchema string            `json:"version_schema"`
	Release       string            `json:"release"`
	Section       string            `json:"section"`
	Priority      string            `json:"priority"`
	Maintainer    string            `json:"maintainer"`
	Description   string            `json:"description"`
	License       string            `json:"license"`
	MTime         string            `json:"mtime"`
	NoGlobs       bool              `json:"disable_globbing"`
	Contents      []content         `json:"contents"`
	Scripts       map[string]string `json:"scripts"`
	Suggests      []string          `json:"suggests,omitempty"`
	RPM           map[string]string `json:"rpm"`
}

type content struct {
	Src  string `json:"src,omitempty"`
	Dst  string `json:"dst"`
	Type string `json:"type,omitempty"`
	Info struct {
		Mode  fs.FileMode `json:"mode"`
		Owner string      `json:"owner"`
		Group string      `json:"group"`
	} `json:"file_info"`
}

// pack makes one package.
func (b *build) pack(out, format, arch string) error {
	dir := b.path("stage", format, arch)
	if err := b.debianFiles(packageVersion("deb", b.info.Main.Version, b.date)); err != nil {
		return err
	}
	paths, err := b.stage(dir, packaged(format, arch))
	if err != nil {
		return err
	}
	c := config{
		Name: "portguard", Arch: arch, Platform: "linux", License: "Apache-2.0", Section: "net", Priority: "optional",
		Version: packageVersion(format, b.info.Main.Version, b.date), VersionSchema: "none", Release: "1",
		Maintainer: b.maintainer, Description: summary + "\n" + details, NoGlobs: true, MTime: b.date.Format("2006-01-02T15:04:05Z"),
		Scripts: map[string]string{},
		RPM:     map[string]string{"buildhost": "reproducible", "summary": summary},
	}
	for _, d := range ownDirectories(paths) {
		c.Contents = append(c.Contents, newContent("", d, "dir", 0o755))
	}
	for _, p := range paths {
		info, err := os.Stat(filepath.Join(dir, p))
		if err != nil {
			return err
		}
		c.Contents = append(c.Contents, newContent(filepath.Join(dir, p), p, "", info.Mode().Perm()))
	}
	for key, name := range map[string]string{"preremove": "preremove.sh", "postremove": "postremove.sh"} {
		if c.Scripts[key], err = b.script(name, paths); err != nil {
			return err
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.WriteFile(b.path("nfpm.json"), text, 0o644); err != nil {
		return err
	}
	cmd := exec.Command(b.nfpm, "package", "--config", b.path("nfpm.json"), "--packager", format, "--target", out)
	cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", b.date.Unix()))
	_, err = output(cmd)
	return err
}

func newContent(src, dst, kind string, mode fs.FileMode) content {
	c := content{Src: src, Dst: dst, Type: kind}
	c.Info.Mode, c.Info.Owner, c.Info.Group = mode, "root", "root"
	return c
}

// script writes one of the scripts, with what it has to know of the package.
func (b *build) script(name string, paths []string) (string, error) {
	text, err := scripts.ReadFile("scripts/" + name)
	if err != nil {
		return "", err
	}
	var units []string
	for _, p := range paths {
		if path.Dir(p) == "/usr/lib/systemd/system" {
			units = append(units, path.Base(p))
		}
	}
	knows := fmt.Sprintf("set -e\nunits='%s'\npurge='%s'\n", strings.Join(units, " "), strings.Join(leftBehind(), " "))
	to := b.path(name)
	if err := os.WriteFile(to, []byte(strings.Replace(string(text), "set -e\n", knows, 1)), 0o755); err != nil {
		return "", err
	}
	return to, os.Chtimes(to, b.date, b.date) // an apk has it
}

// debianFiles makes what Debian wants to have in its own form.
func (b *build) debianFiles(version string) error {
	copyright := `portguard was made by its authors, who have licensed it under the Apache License, Version 2.0.
Copyright 2026 The portguard authors

On Debian systems, the text of the license is in /usr/share/common-licenses/Apache-2.0.

What the program contains of others, with their copyrights and licenses, is in /usr/share/doc/portguard/THIRD-PARTY.gz.
`
	changelog := fmt.Sprintf("portguard (%s-1) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- %s  %s\n",
		version, b.maintainer, b.date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	if err := os.WriteFile(b.path("copyright"), []byte(copyright), 0o644); err != nil {
		return err
	}
	return os.WriteFile(b.path("changelog"), []byte(changelog), 0o644)
}
