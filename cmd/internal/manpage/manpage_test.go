package manpage

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// What a page is made of, and what roff would take for more than text.
func TestPage(t *testing.T) {
	root := &cobra.Command{Use: "prog [flags] FILE", Short: "does it", Run: func(*cobra.Command, []string) {}}
	cmd := &cobra.Command{
		Use:   "sub ONE | --all",
		Short: "a sub-command that's \\ there",
		Long: `First line,
second line.

  --one   the first
          of two
  --two   the second

  kept    as it is
  and so on

A last paragraph of which the length is such that it has to be broken into more than one line
.with a dot in front, and ü.`,
		Example:               "  prog sub x\n    indented",
		DisableFlagsInUseLine: true,
		Run:                   func(*cobra.Command, []string) {},
	}
	cmd.Flags().Int("number", 5, "a `NUMBER`\nof things")
	cmd.Flags().BoolP("quiet", "q", false, "say nothing")
	root.AddCommand(cmd)
	const want = `.TH "PROG\-SUB" 1 2026-11-22 "prog 1.2" "User Commands"
.nh
.ad l
.SH "NAME"
prog\-sub \- a sub\-command that\(aqs \e there
.SH "SYNOPSIS"
.B prog sub
ONE
.br
.B prog sub
\-\-all
.SH "DESCRIPTION"
First line, second line.
.TP
\fB\-\-one\fR
the first of two
.TP
\fB\-\-two\fR
the second
.PP
.nf
  kept    as it is
  and so on
.fi
.PP
A last paragraph of which the length is such that it has to be broken into more
than one line .with a dot in front, and \[u00FC].
.SH "OPTIONS"
.SS "Other"
.TP
\fB\-h\fR, \fB\-\-help\fR
help for sub
.SS "How many"
.TP
\fB\-\-number\fR \fINUMBER\fR
a NUMBER of things (default 5)
.TP
\fB\-q\fR, \fB\-\-quiet\fR
say nothing
.SH "EXAMPLES"
.nf
  prog sub x
    indented
.fi
.SH "SEE ALSO"
.BR prog (1),
.BR ss (8),
.BR systemd.service (5),
.BR ip (7)
`
	book := Book{Version: "1.2", Date: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Title: func(f *pflag.Flag, _ *pflag.FlagSet) string {
		if f.Name == "help" {
			return "Other"
		}
		return "How many"
	}}
	if diff := cmp.Diff(want, book.Page(cmd)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A line never begins as a request does.
func TestTextIsNoRequest(t *testing.T) {
	var p page
	p.text(".SH x")
	if got, want := p.String(), "\\&.SH x\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
