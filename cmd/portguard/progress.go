package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"portguard/netdiag"
	"portguard/wrapper"
)

// progress says on stderr what happens while it happens: in a log one line at each change, on a terminal one live line
// that counts down. It is the wrapper's Watcher.
type progress struct {
	w        io.Writer
	facts    hostFacts
	terminal bool
	silent   bool
	touches  bool // only what was done to others: the report will have the rest

	mu      sync.Mutex
	waiting wrapper.Waiting
	said    string // the last line about the wait, to say each only once
	live    bool   // a live line stands on the terminal
	stop    chan struct{}
	stopped chan struct{}
}

// Waiting implements wrapper.Watcher.
func (p *progress) Waiting(w wrapper.Waiting) {
	if p.silent {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = w
	if !p.terminal {
		p.sayOnce(w)
		return
	}
	p.draw()
	if p.stop == nil {
		p.stop, p.stopped = make(chan struct{}), make(chan struct{})
		go p.tick(p.stop)
	}
}

// Acted implements wrapper.Watcher.
func (p *progress) Acted(e netdiag.Endpoint, _ []netdiag.Holder, a wrapper.Action) {
	touched := a.Rung != wrapper.Wait && (a.Result == wrapper.Done || a.Result == wrapper.Failed)
	if p.silent || p.touches && !touched {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	line := fmt.Sprintf("%s: %s: %s", e, a.Rung, safe(a.Detail))
	if a.Result != wrapper.Done {
		line = fmt.Sprintf("%s: %s %s: %s", e, a.Rung, a.Result, safe(a.Detail))
	}
	fmt.Fprintf(p.w, "portguard: %s\n", line)
}

// finish ends the live line.
func (p *progress) finish() {
	p.mu.Lock()
	stop := p.stop
	p.stop = nil
	p.mu.Unlock()
	if stop != nil {
		close(stop)
		<-p.stopped
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}

func (p *progress) tick(stop <-chan struct{}) {
	defer close(p.stopped)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-stop:
			return
		case <-second.C:
			p.mu.Lock()
			p.draw()
			p.mu.Unlock()
		}
	}
}

// sayOnce writes a line when what is waited for has changed. The countdown is left out of the comparison.
func (p *progress) sayOnce(w wrapper.Waiting) {
	what := waitingFor(w)
	if what == p.said {
		return
	}
	limit := "without limit"
	if !w.Until.IsZero() {
		limit = "for up to " + roundUp(time.Until(w.Until))
	}
	p.said = what
	fmt.Fprintf(p.w, "portguard: waiting %s: %s%s\n", limit, what, expiryText(w))
}

func (p *progress) draw() {
	w := p.waiting
	left := "no limit"
	if !w.Until.IsZero() {
		left = roundUp(time.Until(w.Until)) + " left"
	}
	p.erase()
	fmt.Fprintf(p.w, "portguard: waiting (%s): %s%s", left, waitingFor(w), expiryText(w))
	p.live = true
}

func (p *progress) erase() {
	if p.live {
		io.WriteString(p.w, "\r\x1b[2K")
		p.live = false
	}
}

func expiryText(w wrapper.Waiting) string {
	if w.Expiry.IsZero() {
		return ""
	}
	return fmt.Sprintf("; the last of it ends in about %s", roundUp(time.Until(w.Expiry)))
}

// waitingFor names the endpoints and who holds them, the first three.
func waitingFor(w wrapper.Waiting) string {
	var parts []string
	for i, o := range w.Outcomes {
		if i == 3 {
			parts = append(parts, fmt.Sprintf("and %d more", len(w.Outcomes)-i))
			break
		}
		parts = append(parts, fmt.Sprintf("%s: %s", o.Endpoint, holderText(o)))
	}
	return strings.Join(parts, "; ")
}

// holderText is one clause about what an endpoint waits for.
func holderText(o *wrapper.Outcome) string {
	switch {
	case o.Trial.Verdict == netdiag.NoAddress:
		return fmt.Sprintf("%s is not an address of this host yet", o.Endpoint.Addr)
	case o.Unexplained != nil:
		return "taken, and who has it cannot be asked"
	case len(o.Holders) == 0:
		return "taken by a socket that does not show"
	}
	h := o.Holders[0]
	who := nobody(h)
	if len(h.Owners) > 0 {
		who = fmt.Sprintf("%s (pid %d)", safe(h.Owners[0].Command), h.Owners[0].PID)
	}
	switch h.Kind {
	case netdiag.Remains, netdiag.Closing:
		who = fmt.Sprintf("%s of a closed connection to %s", h.Socket.State, plain(h.Socket.Remote))
	case netdiag.Listener:
		who += " listens"
	default:
		who += " has it" + arrow(h)
	}
	if n := len(o.Holders) - 1; n > 0 {
		who += fmt.Sprintf(" and %d more", n)
	}
	return who
}
