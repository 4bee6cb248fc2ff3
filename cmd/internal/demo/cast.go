package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// cast is the recording as asciinema's players read it, version 2: a line of JSON for the terminal, and one for each event.
func cast(events []event, columns, rows int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"version": 2, "width": %d, "height": %d, "title": "portguard", "env": {"TERM": "xterm-256color"}}`+"\n", columns, rows)
	for _, e := range events {
		text, _ := json.Marshal(e.text) // a string always can
		fmt.Fprintf(&b, "[%.3f, \"o\", %s]\n", e.at.Seconds(), text)
	}
	return b.Bytes()
}
