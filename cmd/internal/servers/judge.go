package main

import (
	"fmt"
	"slices"
	"strings"
)

// faults are starts that work without portguard and not behind it. By what `unit install` writes by itself there may be none; by the
// default hold alone, a service that binds [::] without SO_REUSEADDR does not start, and the documents say so.
func (r *result) faults() []string {
	if r.Error != "" {
		return []string{"the survey went wrong: " + r.Error}
	}
	if r.Alone.Failed != "" {
		return nil // there is nothing to compare with
	}
	var all []string
	say := func(what, why string) {
		if why != "" {
			all = append(all, what+": "+why)
		}
	}
	if !r.Alone.Bare { // else it cannot start beside a connection
		say("--share", r.differs(r.Share))
		say("--share, its holder", r.Share.Holder)
	}
	if !r.inTheWay() {
		say("hold", r.differs(r.Hold))
	}
	for _, in := range r.Install {
		if in.Refused != "" {
			if !r.Alone.Bare || !strings.Contains(in.Flags, "--share") {
				say("unit install "+in.Flags, "refused: "+in.Refused)
			}
			continue
		}
		say("unit install "+in.Flags, r.differs(in.start))
		say("unit install "+in.Flags+", its holder", in.Holder)
	}
	return all
}

// differs says in what a start is worse than that without portguard.
func (r *result) differs(s start) string {
	switch {
	case s.Failed != "":
		return s.Failed
	case !slices.Equal(s.Listens, r.Alone.Listens):
		return fmt.Sprintf("it listens on %q, alone on %q", s.Listens, r.Alone.Listens)
	case s.Reload != "" && r.Alone.Reload == "":
		return "reload: " + s.Reload
	case s.Restart != "" && r.Alone.Restart == "":
		return "restart: " + s.Restart
	}
	return ""
}

// inTheWay is a service that every placeholder is in the way of.
func (r *result) inTheWay() bool {
	return r.Alone.Bare && slices.ContainsFunc(r.Alone.Listens, func(where string) bool { return strings.HasPrefix(where, "[::]") })
}
