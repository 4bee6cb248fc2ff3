package main

import (
	"strings"
	"time"
)

// event is some text that appears on the terminal at a time.
type event struct {
	at   time.Duration
	text string
}

// What a reader needs. The recording has the words that were really printed, and these times, so that it is the same
// on a slow machine as on a fast one.
const (
	perKey     = 30 * time.Millisecond
	beforeKeys = 300 * time.Millisecond
	afterKeys  = 300 * time.Millisecond
	perLine    = 30 * time.Millisecond
	perRemark  = 1200 * time.Millisecond
	perWord    = 110 * time.Millisecond // of an answer, once it is there
	perAnswer  = 2 * time.Second        // at most: it stays on the screen, and what comes next is what it is about
	atTheEnd   = 9 * time.Second
)

// fold breaks lines that are wider than the terminal between words, where it would break numbers.
func fold(text string, columns int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		width := 0
		for word := range strings.SplitAfterSeq(line, " ") {
			wide := len([]rune(strings.TrimRight(sgr.ReplaceAllString(word, ""), " \r\n")))
			if width > 0 && width+wide > columns {
				b.WriteString("\r\n  ")
				width = 2
			}
			b.WriteString(word)
			width += len([]rune(sgr.ReplaceAllString(word, "")))
		}
	}
	return b.String()
}

// layOut gives each piece of a terminal's text its time: commands are typed, remarks and answers are left to be read.
func layOut(text string) []event {
	var events []event
	at, unread := 300*time.Millisecond, 0
	for line := range strings.Lines(text) {
		typed, isCommand := strings.CutPrefix(line, "$ ")
		isRemark := strings.HasPrefix(line, "# ")
		if isCommand || isRemark {
			at += min(time.Duration(unread)*perWord, perAnswer)
			unread = 0
		}
		switch {
		case isRemark:
			events = append(events, event{at, "\x1b[36m" + strings.TrimRight(line, "\r\n") + "\x1b[0m\r\n"})
			at += perRemark
		case isCommand:
			events = append(events, event{at, "\x1b[32m$\x1b[0m "})
			at += beforeKeys
			for _, key := range strings.TrimRight(typed, "\r\n") {
				events = append(events, event{at, string(key)})
				at += perKey
			}
			at += afterKeys
			events = append(events, event{at, "\r\n"})
		default:
			events = append(events, event{at, line})
			at += perLine
			unread += len(strings.Fields(line))
		}
	}
	return append(events, event{at + atTheEnd, ""})
}
