// Package measured puts what a program has measured into the document that tells of it. It stands there between two lines:
//
//	<!-- measured: speed -->
//	<!-- end -->
package measured

import (
	"fmt"
	"os"
	"strings"
)

// Write replaces what the document has under this name. The text is whole lines.
func Write(path, name, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	document, err := replace(string(old), name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(document), 0o644)
}

// Read returns what the document has under this name.
func Read(path, name string) (string, error) {
	document, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	_, text, _, err := split(string(document), name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return text, nil
}

func replace(document, name, text string) (string, error) {
	before, _, after, err := split(document, name)
	return before + text + after, err
}

// split leaves the two lines to what is before and after.
func split(document, name string) (before, text, after string, err error) {
	begin, end := "<!-- measured: "+name+" -->\n", "<!-- end -->\n"
	before, rest, begun := strings.Cut(document, begin)
	text, after, ended := strings.Cut(rest, end)
	if !begun || !ended {
		return "", "", "", fmt.Errorf("there is no line %q, or no %q after it", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin, text, end + after, nil
}
