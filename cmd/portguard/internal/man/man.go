//go:build man

package man

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"portguard/cmd/internal/manpage"
	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/complete"
	"portguard/cmd/portguard/internal/ports"
	"portguard/netdiag/portrange/reserved"
	"portguard/netdiag/portrange/sysctld"
	"portguard/systemd/dropin"
)

// New is the command that writes portguard's manual pages. What people install has neither it nor its code:
//
//	go run -tags man ./cmd/portguard man DIR
//
// SOURCE_DATE_EPOCH, in seconds, is the date of the pages; without it, they have that of the commit.
//
// root builds the tree of commands that the pages are about.
func New(root func(*cli.App) *cobra.Command) []*cobra.Command {
	return []*cobra.Command{{
		Use:    "man DIR",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return write(root(&cli.App{Stdout: io.Discard, Stderr: io.Discard}), args[0])
		},
	}}
}

func write(root *cobra.Command, dir string) error {
	made, err := date()
	if err != nil {
		return err
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(cli.ThisVersion().Version, "v"), "-")
	book := manpage.Book{Version: version, Date: made, Title: cli.Title, Sections: sections()}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	complete.Visit(root, func(cmd *cobra.Command) {
		if err != nil || cmd.HasParent() && !cmd.IsAvailableCommand() {
			return
		}
		err = os.WriteFile(filepath.Join(dir, manpage.Name(cmd)+".1"), []byte(book.Page(cmd)), 0o644)
	})
	return err
}

func date() (time.Time, error) {
	if text := os.Getenv("SOURCE_DATE_EPOCH"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		return time.Unix(seconds, 0), err
	}
	if date := cli.ThisVersion().Date; date != nil {
		return time.Parse(time.RFC3339, *date)
	}
	return time.Now(), nil
}

// sections are those of portguard(1), from the tables that the code goes by.
func sections() []manpage.Section {
	var statuses []manpage.Row
	for _, s := range cli.Statuses {
		statuses = append(statuses, manpage.Row{Term: strconv.Itoa(s.Code), Meaning: s.Meaning})
	}
	return []manpage.Section{
		{Title: "EXIT STATUS", Rows: statuses, Text: "A signal that ends portguard ends it as that signal does, with COMMAND not started."},
		{Title: "FILES", Rows: []manpage.Row{
			{Term: dropin.System.Path("UNIT"), Meaning: `what "portguard unit install" writes; with --user, below ~/.config/systemd/user`},
			{Term: reserved.Path, Meaning: `what "portguard reserve" writes: the ports that are reserved from the next boot on`},
			{Term: ports.RangePath, Meaning: `what "portguard range" writes: the ports that the kernel picks from, from the next boot on`},
			{Term: sysctld.LockFile, Meaning: "keeps two portguards from changing the same settings at once"},
			{Term: dropin.LockFile, Meaning: "keeps two portguards from changing drop-ins at once"},
			{Term: "/proc/sys/net/ipv4/ip_local_port_range, ip_local_reserved_ports", Meaning: "what the kernel picks from, and leaves out"},
		}},
		{Title: "ENVIRONMENT", Rows: environment()},
	}
}

// environment are the variables that portguard looks at; none of them is needed.
func environment() []manpage.Row {
	return []manpage.Row{
		{Term: "PATH", Meaning: "where COMMAND is looked for"},
		{Term: "NO_COLOR", Meaning: "if it is set, there is no colour"},
		{Term: "XDG_RUNTIME_DIR, XDG_CONFIG_HOME", Meaning: "with --user of portguard unit: where the service manager of the user is reached, and where its unit files are"},
		{Term: "TERM", Meaning: `"dumb": there is no colour`},
		{Term: "COLUMNS", Meaning: "how wide lines may be, where the terminal does not tell; in a file or a pipe they do not break without it"},
		{Term: "NOTIFY_SOCKET", Meaning: "systemd's: told what is waited for, and given the ports to keep with --hold fdstore"},
		{Term: "SYSTEMD_EXEC_PID", Meaning: "systemd's: tells that it has started portguard itself"},
		{Term: "JOURNAL_STREAM", Meaning: "systemd's: messages to the journal get fields"},
		{Term: "LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES", Meaning: "systemd's: the ports that it has kept are taken from here; the rest goes to COMMAND as it came"},
	}
}
