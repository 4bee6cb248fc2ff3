package main

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// sbom writes which modules, and which Go, are in the program of an architecture, as CycloneDX. It is what the program itself
// says of that, so there is nothing in it that is not linked.
func (b *build) sbom(out, arch string) error {
	program, err := os.ReadFile(b.path("bin", arch, "portguard"))
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(out, b.released(arch)+".cdx.json"))
	if err != nil {
		return err
	}
	// The version that most programs read by now.
	w := cdx.NewBOMEncoder(f, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
	err = w.EncodeVersion(b.bom(sha256.Sum256(program)), cdx.SpecVersion1_6)
	return errors.Join(err, f.Close())
}

func (b *build) bom(program [sha256.Size]byte) *cdx.BOM {
	self := component(cdx.ComponentTypeApplication, &debug.Module{Path: b.info.Main.Path, Version: "v" + b.archiveVersion()})
	self.Licenses = &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}}
	self.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: fmt.Sprintf("%x", program)}}
	var how []cdx.Property
	for _, s := range b.info.Settings {
		how = append(how, cdx.Property{Name: "go:" + s.Key, Value: s.Value})
	}
	self.Properties = &how

	// What scanners know the standard library by.
	all := []cdx.Component{component(cdx.ComponentTypeLibrary, &debug.Module{Path: "std", Version: strings.TrimPrefix(b.info.GoVersion, "go")})}
	for _, m := range b.info.Deps {
		all = append(all, component(cdx.ComponentTypeLibrary, m))
	}
	var refs []string
	for _, c := range all {
		refs = append(refs, c.BOMRef)
	}

	bom := cdx.NewBOM()
	// A number that is the same for the same program: a UUID of version 8.
	id := [16]byte(program[:])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	bom.SerialNumber = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	bom.Metadata = &cdx.Metadata{
		Timestamp: b.date.Format(time.RFC3339),
		Authors:   &[]cdx.OrganizationalContact{{Name: b.maintainer}},
		Component: &self,
	}
	bom.Components = &all
	bom.Dependencies = &[]cdx.Dependency{{Ref: self.BOMRef, Dependencies: &refs}}
	return bom
}

// component is a module as CycloneDX has it. The sum that Go keeps of a module is a SHA-256, of its files' names and sums.
func component(kind cdx.ComponentType, m *debug.Module) cdx.Component {
	purl := "pkg:golang/" + m.Path + "@" + strings.ReplaceAll(m.Version, "+", "%2B")
	c := cdx.Component{BOMRef: purl, Type: kind, Name: m.Path, Version: m.Version, PackageURL: purl}
	if text, ok := strings.CutPrefix(m.Sum, "h1:"); ok {
		if sum, err := base64.StdEncoding.DecodeString(text); err == nil {
			c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sum)}}
		}
	}
	return c
}
