package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	indented = regexp.MustCompile(`(?m)(?:^ {4}.*\n|^\n)+`)
	comment  = regexp.MustCompile(`(?m) +# .*$`)
	link     = regexp.MustCompile(`\]\(([^)]+)\)`)
)

// code returns all blocks, indented ones included, without the comments in them.
func (d *page) code() []string {
	var all []string
	for _, b := range d.blocks() {
		all = append(all, comment.ReplaceAllString(b.text, ""))
	}
	for _, b := range indented.FindAllString(fence.ReplaceAllString(d.text, "\n"), -1) {
		if b = strings.Trim(comment.ReplaceAllString(b, ""), "\n"); b != "" {
			all = append(all, b+"\n")
		}
	}
	return all
}

// targets returns where its links lead, without the places inside pages, which are named in the page's language.
func (d *page) targets() []string {
	var all []string
	for _, m := range link.FindAllStringSubmatch(d.text, -1) {
		target, _, _ := strings.Cut(m[1], "#")
		if target != "" && !strings.HasPrefix(target, "README") {
			all = append(all, target)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// pages are all documents, by their paths in the repository.
func pages(t *testing.T) []*page {
	t.Helper()
	var all []*page
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		paths, err := filepath.Glob(root + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			path, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, readPage(t, path))
		}
	}
	return all
}

var notInAnchors = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchors are the places that a page's headings make, as GitHub names them.
func (d *page) anchors() []string {
	var all []string
	for _, m := range fence.FindAllStringSubmatch(d.text, -1) {
		if m[3] != "" {
			all = append(all, strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(m[3]), ""), " ", "-"))
		}
	}
	return all
}

// Every link between the documents leads somewhere.
func TestLinks(t *testing.T) {
	for _, d := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(d.text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			path, place, _ := strings.Cut(m[1], "#")
			target := d
			if path != "" {
				path = filepath.Join(filepath.Dir(d.path), path)
				if _, err := os.Stat(root + path); err != nil {
					t.Errorf("%s: %s: %v", d.path, m[1], err)
					continue
				}
				if place == "" {
					continue
				}
				target = readPage(t, path)
			}
			if !slices.Contains(target.anchors(), place) {
				t.Errorf("%s: %s: no such heading", d.path, m[1])
			}
		}
	}
}

// Who reads Chinese is told the same: the code is the same but for its comments, and so are the links.
func TestChineseHasTheSame(t *testing.T) {
	english, chinese := readPage(t, "README.md"), readPage(t, "README.zh-CN.md")
	if diff := cmp.Diff(english.code(), chinese.code()); diff != "" {
		t.Errorf("code (-English +Chinese)\n%s", diff)
	}
	if diff := cmp.Diff(english.targets(), chinese.targets()); diff != "" {
		t.Errorf("links (-English +Chinese)\n%s", diff)
	}
	if e, c := len(english.anchors()), len(chinese.anchors()); e != c {
		t.Errorf("%d headings in English, %d in Chinese", e, c)
	}
}
