// Package taken answers one question: what does this server do by itself when somebody has its port?
//
// The answers are in servers.tsv, which cmd/internal/servers writes from what it has seen, together with docs/servers.md.
package taken

import (
	_ "embed"
	"strings"
)

//go:embed servers.tsv
var servers string // read only

// Does is what a server does.
type Does string

const (
	Unknown Does = ""
	Ends    Does = "ends"
	Half    Does = "half"   // it goes on with IPv6 alone where somebody has its port in IPv4
	Deaf    Does = "deaf"   // it goes on without its port
	Later   Does = "later"  // it goes on without its port, and takes it when it is free
	Beside  Does = "beside" // it starts: what an IPv4 client has is not in its way
)

// Row is a server, or one configuration of it, as the document has it.
type Row struct {
	Server   string // as people call it
	Process  string // the name of its process; "" where that does not tell (python3)
	Versions string
	Does     Does
	How      string // what people read of that
	Share    string // what becomes of --share
	Hold     string // what becomes of the placeholder
	Install  string // what unit install writes beside the endpoint
	Reload   string
}

func (r *Row) fields() []*string {
	return []*string{&r.Server, &r.Process, &r.Versions, (*string)(&r.Does), &r.How, &r.Share, &r.Hold, &r.Install, &r.Reload}
}

// Line is the row's line in servers.tsv.
func (r Row) Line() string {
	var words []string
	for _, f := range r.fields() {
		words = append(words, *f)
	}
	return strings.Join(words, "\t") + "\n"
}

// Rows are all that is known.
func Rows() []Row {
	var all []Row
	for line := range strings.Lines(servers) {
		if r, ok := parse(line); ok {
			all = append(all, r)
		}
	}
	return all
}

func parse(line string) (r Row, ok bool) {
	words := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
	fields := r.fields()
	if len(words) != len(fields) {
		return r, false
	}
	for i, f := range fields {
		*f = words[i]
	}
	return r, true
}

// By is what the server of this process name does, where each of its configurations that were looked at does it.
func By(process string) Does {
	const commLength = 15 // what the kernel keeps of a name
	does := Unknown
	if process == "" {
		return does
	}
	for _, r := range Rows() {
		switch {
		case r.Process != process && r.Process[:min(len(r.Process), commLength)] != process, r.Does == Beside:
		case does != Unknown && does != r.Does:
			return Unknown
		default:
			does = r.Does
		}
	}
	return does
}
