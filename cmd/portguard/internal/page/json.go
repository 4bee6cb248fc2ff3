package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// WriteJSON writes one document on one line.
func WriteJSON(w io.Writer, doc any) error {
	text, err := PlainJSON(doc)
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// PlainJSON is a document on one line, in which nothing can move a cursor or hide text on a terminal: what does not print is
// escaped, as JSON itself does with the control characters of ASCII.
func PlainJSON(doc any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	safe := make([]byte, 0, b.Len())
	for _, r := range strings.TrimSuffix(b.String(), "\n") {
		switch {
		case unicode.IsPrint(r):
			safe = utf8.AppendRune(safe, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			safe = fmt.Appendf(safe, "\\u%04x\\u%04x", high, low)
		default:
			safe = fmt.Appendf(safe, "\\u%04x", r)
		}
	}
	return safe, nil
}

// Ptr is for the fields of a document that may be null.
func Ptr[T any](v T) *T { return &v }
