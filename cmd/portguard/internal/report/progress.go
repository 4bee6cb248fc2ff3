package report

import (
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/netdiag"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// Progress says what happens while it happens: in a log one line at each change, on a terminal one live line that counts
// down, and to systemd a status. It is the wrapper's Watcher.
type Progress struct {
	Log      cli.Log
	Notify   cli.Notify
	Terminal bool
	Silent   bool
	Touches  bool // only what was done to others: the report will have the rest

	mu      sync.Mutex
	what    string // what is waited for, in words: the outcomes are the guard's, and change
	until   time.Time
	expiry  time.Time
	story   string               // of this wait, the last one told in a log
	told    map[string]time.Time // when each was
	acts    acts
	live    bool // a live line stands on the terminal
	stop    chan struct{}
	stopped chan struct{}
}

// Waiting implements wrapper.Watcher.
func (p *Progress) Waiting(w wrapper.Waiting) {
	p.Notify.Waiting(p.waiting(w))
}

// waiting tells people, and returns what systemd is to be told: not under the lock, for it may be slow to take it.
func (p *Progress) waiting(w wrapper.Waiting) (status string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what, story := waitingFor(w)
	p.what, p.until, p.expiry = what, w.Until, w.Expiry
	switch {
	case p.Silent:
	case p.Terminal:
		p.draw()
	default:
		p.tell(w, story, time.Now())
	}
	if p.stop == nil && (p.Terminal && !p.Silent || p.Notify.On()) {
		p.stop, p.stopped = make(chan struct{}), make(chan struct{})
		go p.tick(p.stop)
	}
	return p.status()
}

func (p *Progress) status() string { return p.what + p.expiryText() }

// Acted implements wrapper.Watcher.
func (p *Progress) Acted(o *wrapper.Outcome, a wrapper.Action) {
	if p.Silent || p.Touches && !toldAtOnce(a) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.acts.news(o, a) {
		return
	}
	p.erase()
	id, priority := cli.MsgActed, journal.PriNotice
	text := fmt.Sprintf("%s: %s: %s", o.Endpoint, a.Rung, page.Safe(a.Detail))
	switch {
	case a.Result != decide.Done:
		priority = journal.PriWarning
		text = fmt.Sprintf("%s: %s", o.Endpoint, outcomeText(a))
	case a.Rung == decide.Wait:
		id = cli.MsgFree
	}
	if p.Log.Journal != nil {
		text += unitText(a.Holder, text)
	}
	p.Log.Say(id, priority, aboutHolder(o, a.Holder), text)
}

// Finish ends the live line.
func (p *Progress) Finish() {
	p.mu.Lock()
	stop := p.stop
	p.stop = nil
	p.mu.Unlock()
	if stop != nil {
		close(stop)
		<-p.stopped
	}
	p.mu.Lock()
	p.erase()
	p.acts.end(p.Log)
	p.story, p.told = "", nil // the next wait is told from its beginning
	p.mu.Unlock()
	p.Notify.Done()
}

func (p *Progress) tick(stop <-chan struct{}) {
	defer close(p.stopped)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-stop:
			return
		case <-second.C:
			p.mu.Lock()
			if p.Terminal && !p.Silent {
				p.draw()
			}
			status := p.status()
			p.mu.Unlock()
			p.Notify.Waiting(status)
		}
	}
}

// retell is how long a wait is silent about what it has told before. On a busy port the holders of each look are others.
const retell = 10 * time.Minute

// News reports whether a story is not among those that were told lately, and puts it there.
func News(told map[string]time.Time, story string, now time.Time) bool {
	maps.DeleteFunc(told, func(_ string, at time.Time) bool { return now.Sub(at) >= retell })
	if _, before := told[story]; before {
		return false
	}
	told[story] = now
	return true
}

// Story is who has the endpoints that are not free, without what changes with every connection; "" where all are free.
func Story(r *wrapper.Report) string {
	var all []string
	for _, o := range r.NotFree().Outcomes {
		who, _ := whoHolds(&o)
		all = append(all, fmt.Sprintf("%s: %s: %s", o.Endpoint, o.Trial.Verdict, who))
	}
	return strings.Join(all, "; ")
}

// tell writes a line when the story is another than before.
func (p *Progress) tell(w wrapper.Waiting, story string, now time.Time) {
	if p.told == nil {
		p.told = map[string]time.Time{}
	}
	if story == p.story || !News(p.told, story, now) {
		return
	}
	p.story = story
	limit := "without limit"
	if !p.until.IsZero() {
		limit = "for up to " + names.Left(p.until.Sub(now))
	}
	var fields map[string]string
	if len(w.Outcomes) > 0 {
		fields = About(w.Outcomes[0])
	}
	p.Log.Say(cli.MsgWaiting, journal.PriNotice, fields, fmt.Sprintf("waiting %s: %s%s", limit, p.what, p.expiryText()))
}

func (p *Progress) draw() {
	left := "no limit"
	if !p.until.IsZero() {
		left = names.Left(time.Until(p.until)) + " left"
	}
	p.erase()
	line := fmt.Sprintf("portguard: waiting (%s): %s%s", left, p.what, p.expiryText())
	io.WriteString(p.Log.W, page.Cut(line, page.Columns(p.Log.W)-1)) // a line that wraps cannot be erased
	p.live = true
}

func (p *Progress) erase() {
	if p.live {
		io.WriteString(p.Log.W, "\r\x1b[2K")
		p.live = false
	}
}

func (p *Progress) expiryText() string {
	if p.expiry.IsZero() {
		return ""
	}
	return fmt.Sprintf("; the last of it ends in about %s", names.Left(time.Until(p.expiry)))
}

// waitingFor names the endpoints and who holds them, the first three. The story is the same without what changes with every
// connection.
func waitingFor(w wrapper.Waiting) (what, story string) {
	var whats, stories []string
	for i, o := range w.Outcomes {
		if i == 3 {
			whats = append(whats, fmt.Sprintf("and %d more", len(w.Outcomes)-i))
			break
		}
		who, more := whoHolds(o)
		stories = append(stories, fmt.Sprintf("%s: %s", o.Endpoint, who))
		whats = append(whats, stories[i]+more)
	}
	return strings.Join(whats, "; "), strings.Join(stories, "; ")
}

// HolderText is one clause about what an endpoint waits for.
func HolderText(o *wrapper.Outcome) string {
	who, more := whoHolds(o)
	return who + more
}

// whoHolds is HolderText in two parts, the second of which changes with every connection.
func whoHolds(o *wrapper.Outcome) (who, more string) {
	switch {
	case o.Trial.Verdict == netdiag.NoAddress:
		return lackText(o, "yet"), ""
	case o.Unexplained != nil:
		return "taken, and who has it cannot be asked", ""
	}
	return names.Having(o.Holders)
}
