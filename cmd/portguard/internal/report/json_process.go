package report

import (
	"time"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/netdiag/owner"
	"portguard/systemd"
	"portguard/wrapper/decide"
)

type (
	// JSONProcess is a process in the JSON report.
	JSONProcess struct {
		PID        int      `json:"pid"`
		FD         int      `json:"fd"`
		Thread     int      `json:"thread,omitempty"` // whose own descriptor table FD is in
		Command    string   `json:"command"`
		Args       []string `json:"args"`
		Exe        *string  `json:"exe"`
		User       string   `json:"user"`
		Started    string   `json:"started"` // RFC 3339, UTC
		Unit       string   `json:"unit,omitempty"`
		UnitOwner  string   `json:"unit_owner,omitempty"` // as a holder's
		Conditions []string `json:"conditions,omitempty"` // what keeps it from acting on a signal
		// Of one that is of no service:
		Parents []jsonParent `json:"parents,omitempty"` // its parent first
		Dir     string       `json:"directory,omitempty"`
	}
	jsonParent struct {
		PID     int    `json:"pid"`
		Command string `json:"command"`
	}
	// JSONKeeper is a process that keeps a socket without having it open. FD is that of the ring, or of the unix socket.
	JSONKeeper struct {
		By      string      `json:"by"`
		Certain bool        `json:"certain"`
		Process JSONProcess `json:"process"`
	}
)

// ProcessJSON is one owner.
func ProcessJSON(p owner.Process) JSONProcess {
	j := JSONProcess{
		PID: p.PID, FD: p.FD, Thread: p.TID,
		Command: p.Command, Args: p.Args,
		User:    names.UserOf(p),
		Started: p.Started.UTC().Format(time.RFC3339),
	}
	if p.UserUnknown {
		j.User = ""
	}
	if p.Exe != "" {
		j.Exe = page.Ptr(p.Exe)
	}
	u, _ := systemd.UnitOfCgroup(p.Cgroup)
	j.Unit, j.UnitOwner = u.Name, u.Owner
	j.Conditions = conditions(p.Condition)
	if j.Args == nil {
		j.Args = []string{}
	}
	return j
}

// from adds where a process comes from.
func (j JSONProcess) from(o decide.Origin) JSONProcess {
	j.Dir = o.Dir
	for _, p := range o.Parents {
		j.Parents = append(j.Parents, jsonParent{p.PID, p.Command})
	}
	return j
}

// conditions are the words of wrapper.Hindrance's sentence.
func conditions(c owner.Condition) (all []string) {
	switch {
	case c.Frozen != "":
		all = append(all, "frozen")
	case c.State == 't' || c.State == 'T' && c.Tracer != 0:
		all = append(all, "traced")
	case c.State == 'T':
		all = append(all, "stopped")
	}
	if c.Killed {
		all = append(all, "killed")
	}
	return all
}
