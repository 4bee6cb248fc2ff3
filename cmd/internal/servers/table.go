package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/internal/measured"
	"portguard/internal/taken"
)

// write writes what was seen, for the program and for people.
func write(every []entry, results []result, launchers []launched) error {
	rows := rowsOf(every, results)
	var text strings.Builder
	for _, r := range rows {
		text.WriteString(r.Line())
	}
	if err := os.WriteFile(data, []byte(text.String()), 0o644); err != nil {
		return err
	}
	for name, part := range map[string]string{"when": when(results), "servers": servers(rows), "launchers": launcherTable(launchers)} {
		if err := measured.Write(document, name, part); err != nil {
			return err
		}
	}
	return nil
}

// when is the circumstances, and the sum.
func when(results []result) string {
	var u unix.Utsname
	_ = unix.Uname(&u) // it cannot fail
	release, _, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), "-")
	count := map[taken.Does]int{}
	started := 0
	for i := range results {
		if r := &results[i]; r.Alone.Failed == "" {
			started++
			count[r.does()]++
		}
	}
	return fmt.Sprintf("Measured on %s, on Linux %s, with the packages of Debian 12 and 13. Of %d servers and configurations of them,\n"+
		"%d end when their port is taken, %d go on with IPv6 alone and %d without their port, for good, and %d try until they have it.\n",
		time.Now().Format(time.DateOnly), release, started, count[taken.Ends], count[taken.Half], count[taken.Deaf], count[taken.Later])
}

// does is what it does by itself when its port is taken.
func (r *result) does() taken.Does {
	switch t := r.Taken; {
	case t.Ended:
		return taken.Ends
	case slices.Equal(t.Listens, r.Alone.Listens):
		return taken.Beside
	case t.Heals > 0:
		return taken.Later
	case len(t.Listens) > 0:
		return taken.Half
	}
	return taken.Deaf
}

// debian are the numbers of the releases.
var debian = map[string]string{"bookworm": "12", "trixie": "13"}

// seen is a row that may stand for several results.
type seen struct {
	taken.Row
	variants, versions []string
	after              float64
	status, remark     string
}

// rowsOf has a row for each server, and one more for each configuration that fares otherwise.
func rowsOf(every []entry, results []result) []taken.Row {
	slices.SortStableFunc(results, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Release, b.Release))
	})
	var all []*seen
	for _, e := range every {
		for _, r := range results {
			if r.Name != e.name || r.Alone.Failed != "" || r.Error != "" {
				continue
			}
			one := seenOf(e, r)
			i := slices.IndexFunc(all, func(s *seen) bool { return s.Row == one.Row && s.status == one.status && s.remark == one.remark })
			if i < 0 {
				i, all = len(all), append(all, one)
			}
			s := all[i]
			if !slices.Contains(s.variants, e.variant) {
				s.variants = append(s.variants, e.variant)
			}
			version := debian[r.Release] + ": " + r.Version
			if !slices.Contains(s.versions, version) {
				s.versions = append(s.versions, version)
			}
			s.after = max(s.after, one.after)
		}
	}
	alone := map[string]int{}
	for _, s := range all {
		alone[s.Server]++
	}
	var rows []taken.Row
	for _, s := range all {
		s.How = s.how()
		if name := strings.Join(s.variants, ", "); alone[s.Server] > 1 && name != "" {
			s.Server += " (" + name + ")"
		}
		slices.Sort(s.versions)
		s.Versions = strings.Join(s.versions, ", ")
		rows = append(rows, s.Row)
	}
	slices.SortStableFunc(rows, func(a, b taken.Row) int {
		return cmp.Compare(strings.ToLower(a.Server), strings.ToLower(b.Server))
	})
	return rows
}

func seenOf(e entry, r result) *seen {
	s := &seen{Row: taken.Row{Server: e.server, Process: e.process}, status: r.Taken.Status, remark: e.remark}
	s.Share, s.Hold, s.Install, s.Reload = "starts", holds(r), "", "—"
	if r.Alone.Bare {
		s.Share = "cannot: no `SO_REUSEADDR`"
	}
	for _, in := range r.Install {
		if in.Flags == "--as wrapper" {
			s.Install = strings.Join(strings.Fields(in.Guard)[min(2, len(strings.Fields(in.Guard))):], " ")
		}
	}
	if s.Install != "" {
		s.Install = "`" + s.Install + "`"
	}
	switch {
	case e.reload == "":
	case r.Alone.Reload != "":
		s.Reload = "not without portguard either"
	default:
		s.Reload = "works"
	}
	s.Does, s.after = r.does(), r.Taken.After
	if s.Does == taken.Later {
		s.after = r.Taken.Heals
	}
	return s
}

// holds is what becomes of the placeholder.
func holds(r result) string {
	switch {
	case r.inTheWay():
		return "in its way"
	case r.Hold.Processes > 0 && !r.Hold.MainKeeps && 2*r.Hold.Keep < r.Hold.Processes:
		return "it closes it"
	}
	return "kept"
}

// how is what people read of it.
func (s *seen) how() string {
	var text string
	switch s.Does {
	case taken.Ends:
		text = "ends, status " + s.status
		if _, err := strconv.Atoi(s.status); err != nil {
			text = "ends by " + s.status
		}
		if s.after >= 5 { // of less, much is the load of the machine that it was measured on
			text += fmt.Sprintf(", after %.0f s", s.after)
		}
	case taken.Half:
		text = "**goes on** with IPv6 alone, for good"
	case taken.Deaf:
		text = "**goes on** without its port, for good"
	case taken.Later:
		text = fmt.Sprintf("**goes on** without its port, and tries: has it %.0f s after it is free", max(s.after, 1))
	case taken.Beside:
		text = "starts: an IPv4 client is not in its way"
	}
	if s.remark != "" {
		text += "; " + s.remark
	}
	return text
}

// servers are the rows as the document has them, those first that go on.
func servers(rows []taken.Row) string {
	var b strings.Builder
	part := func(title string, belongs func(taken.Does) bool) {
		fmt.Fprintf(&b, "%s\n\n| server | Debian: version | when a client has its port | `--share` | the placeholder | `unit install` adds | reload |\n|---|---|---|---|---|---|---|\n", title)
		for _, r := range rows {
			if belongs(r.Does) {
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.Server, r.Versions, r.How, r.Share, r.Hold, r.Install, r.Reload)
			}
		}
		b.WriteString("\n")
	}
	part("### They go on", func(d taken.Does) bool { return d == taken.Half || d == taken.Deaf || d == taken.Later })
	part("### They end", func(d taken.Does) bool { return d == taken.Ends || d == taken.Beside })
	return b.String()
}
