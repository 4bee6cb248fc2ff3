// Package measured puts what a program has measured into the document that tells of it, between two lines that are there for
// it:
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

func replace(document, name, text string) (string, error) {
	begin, end := "<!-- measured: "+name+" -->\n", "<!-- end -->\n"
	before, rest, begun := strings.Cut(document, begin)
	_, after, ended := strings.Cut(rest, end)
	if !begun || !ended {
		return "", fmt.Errorf("there is no line %q, or no %q after it", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + text + end + after, nil
}
