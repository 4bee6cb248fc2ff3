package cli

import (
	"fmt"
	"io"
	"maps"
	"os"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/page"
	"portguard/systemd"
)

// MessageID tells the journal what kind of message an entry is: `journalctl MESSAGE_ID=...`. They are a stable interface.
type MessageID string

// The kinds of messages.
const (
	MsgTaken   MessageID = "2477c54999c14bf5855d4b677ab271dc" // an endpoint cannot be bound
	MsgFree    MessageID = "788d7c4b561044b3998ab3e996e4a493" // an endpoint can be bound, or has been freed
	MsgWaiting MessageID = "c707caf098be46ce83bec742cfbc3a23" // --wait waits, and what for
	MsgActed   MessageID = "8811bd17edda41b2a095bd3488476b52" // a rung did something to a holder, or was refused
	MsgHeld    MessageID = "c33495251b52468aadc773e07a4e6761" // a port is held by a placeholder, or is not
	MsgFailed  MessageID = "31f5311ac48a48f987fe26389d65e40d" // portguard itself cannot go on
	// a service listens on an endpoint, or does not
	MsgListening MessageID = "b69b6e579eeb44cfbbd524896eb2f319"
	// ports were reserved by --reserve, or could not be
	MsgReserved MessageID = "5029a19fbf574b4295fdbd7809710919"
)

// Log is where portguard's own messages go: lines on stderr or, when stderr is the journal, entries of it.
type Log struct {
	W       io.Writer
	Journal *systemd.Journal // nil: stderr is something else
	Said    *atomic.Bool     // an entry went to the journal
}

// NewLog finds out whether the descriptor is the journal's stream.
func NewLog(w io.Writer) Log {
	l := Log{W: w, Said: new(atomic.Bool)}
	if IsJournal(w) {
		l.Journal = systemd.OpenJournal()
	}
	return l
}

// IsJournal reports whether what is written becomes entries of the journal, a line each: whether it is the socket that JOURNAL_STREAM names.
func IsJournal(w io.Writer) bool {
	var st unix.Stat_t
	if unix.Fstatat(page.Descriptor(w), "", &st, unix.AT_EMPTY_PATH) != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return false // asked first, since the first os.Getenv goes through all variables
	}
	return os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

// Say writes one message, on one line whatever names are in it. about is what it is about, in fields of the journal: nil for
// nothing but portguard itself. Where journald does not read, the line waits in its stream, which has more room, without fields.
func (l Log) Say(id MessageID, p journal.Priority, about map[string]string, text string) {
	text = page.Safe(text)
	if l.Journal != nil && l.Journal.Entry(p, text, Fields(id, about)) == nil {
		l.Said.Store(true)
		return
	}
	l.line(text)
}

// Remark writes messages about the command line alone, which are no entries of their own in the journal.
func (l Log) Remark(texts ...string) {
	for _, text := range texts {
		l.line(page.Safe(text))
	}
}

func (l Log) line(text string) {
	if p := page.OnTerminal(l.W); p.Width > 0 {
		p.Hang("portguard: ", 0, 4, text)
		return
	}
	fmt.Fprintf(l.W, "portguard: %s\n", text)
}

// Fields are those of a journal entry, beside its text and priority.
func Fields(id MessageID, about map[string]string) map[string]string {
	f := map[string]string{"MESSAGE_ID": string(id), "SYSLOG_IDENTIFIER": "portguard"}
	maps.Copy(f, about)
	return f
}

// Settle gives the journal the time to look up whose messages these were: an entry of a process that is gone has no unit,
// and journalctl -u does not show it. Not needed where the process becomes the service.
func (l Log) Settle() {
	const enough = 50 * time.Millisecond
	if l.Said.Load() {
		time.Sleep(enough)
	}
}
