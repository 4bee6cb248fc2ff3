// Command packages builds what portguard is released as, for amd64 and arm64: packages (deb, rpm and apk), archives, for each program
// an SBOM (CycloneDX) of what is linked into it, and their checksums.
//
//	go run ./cmd/internal/packages -out dist
//
// What it has built there before, as SHA256SUMS has it, is taken away first. It needs Go, git, and the first time the network, for modules.
// The same commit gives the same bytes, wherever and whenever it is built, by the same release of Go: all times are the
// commit's, or those of SOURCE_DATE_EPOCH where there is no repository. The packages are made by nFPM, whose many modules
// are in a list of their own (nfpm.mod), so that who builds portguard itself never downloads them.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	out := flag.String("out", "dist", "the `DIRECTORY` for what is built")
	arches := flag.String("arch", "amd64,arm64", "build for these `ARCHITECTURES`, by their names in Go")
	formats := flag.String("format", "deb,rpm,apk,tar.gz", "build these `FORMATS`")
	maintainer := flag.String("maintainer", "", "`NAME <ADDRESS>` in the packages (default: the author of the commit)")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*out, strings.Split(*arches, ","), strings.Split(*formats, ","), *maintainer); err != nil {
		fmt.Fprintln(os.Stderr, "packages:", err)
		os.Exit(1)
	}
}

func run(out string, arches, formats []string, maintainer string) error {
	work, err := os.MkdirTemp("", "portguard-packages-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	src, err := findSource(maintainer)
	if err != nil {
		return err
	}
	if err := takeAway(out); err != nil {
		return err
	}
	made := build{source: src, dir: work}
	fmt.Println("manual pages and completions")
	if err := made.docs(); err != nil {
		return err
	}
	if slices.ContainsFunc(formats, func(format string) bool { return format != "tar.gz" }) {
		fmt.Println("nFPM, which the first time takes some minutes")
		if err := made.packager(); err != nil {
			return err
		}
	}
	for _, arch := range arches {
		fmt.Println("portguard for", arch)
		if err := made.program(arch); err != nil {
			return err
		}
		fmt.Println("SBOM for", arch)
		if err := made.sbom(out, arch); err != nil {
			return err
		}
		for _, format := range formats {
			fmt.Println(format, "for", arch)
			make := made.pack
			if format == "tar.gz" {
				make = made.archive
			}
			if err := make(out, format, arch); err != nil {
				return err
			}
		}
	}
	if err := checksums(out); err != nil {
		return err
	}
	fmt.Println("in", out)
	return nil
}
