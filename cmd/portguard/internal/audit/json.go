package audit

import (
	"io"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/cmd/portguard/internal/report/why"
	"portguard/netdiag/portrange"
	"portguard/wrapper/container"
)

// The JSON document of audit, schema version 1: fields are added, never renamed or removed.
type (
	JSON struct {
		Version         int           `json:"version"`
		Host            jsonAuditHost `json:"host"`
		Load            jsonAuditLoad `json:"load"`
		DowntimeSeconds float64       `json:"downtime_seconds"`
		AtRisk          string        `json:"at_risk"`       // ExposedPorts, by the name that it had
		AnyAtRisk       bool          `json:"any_at_risk"`   // the exit status is 78
		ExposedPorts    string        `json:"exposed_ports"` // those that the kernel may pick, as "portguard reserve" takes them
		Services        jsonServices  `json:"services"`
		Boot            jsonAuditBoot `json:"boot"`
		Slow            *jsonSlow     `json:"slow"` // null: no destination has half of the ports
		Ports           []JSONPort    `json:"ports"`
		Fixes           []jsonFix     `json:"fixes"`
		Limits          []string      `json:"limits,omitempty"` // what could not be seen
		// Elsewhere are the servers of other network namespaces, with --all-netns.
		Elsewhere []report.JSONServer `json:"elsewhere,omitempty"`
	}
	jsonAuditHost struct {
		EphemeralRange    [2]uint16 `json:"ephemeral_range"`
		ConnectParity     string    `json:"connect_parity"` // "even" or "odd": what connect() takes first
		SameParity        bool      `json:"same_parity"`    // of both ends of the range
		Reserved          string    `json:"reserved"`
		UnprivilegedStart uint16    `json:"unprivileged_port_start"`
		TimeWaitSeconds   float64   `json:"time_wait_seconds"`
		FinTimeoutSeconds float64   `json:"fin_timeout_seconds"`
		TimeWaitReuse     int       `json:"tw_reuse"`
	}
	jsonAuditLoad struct {
		SampleSeconds float64 `json:"sample_seconds"`
		Opened        uint64  `json:"opened"`       // outgoing TCP connections in the sample
		Recycled      uint64  `json:"recycled"`     // of them, those that took over a TIME_WAIT
		Held          int     `json:"held"`         // outgoing TCP connections with a port of the range
		Remains       int     `json:"remains"`      // of them, those that are closed
		New           int     `json:"new"`          // of Held, those that came in the sample
		Destinations  int     `json:"destinations"` // of New
		UDP           int     `json:"udp"`
		NewUDP        int     `json:"udp_new"`
		Choice        int     `json:"choice"` // ports that connect() takes first and may pick
	}
	jsonServices struct {
		Count   int `json:"count"`   // of those that asked for a port, or are guarded for one
		Exposed int `json:"exposed"` // of them, those with a port that the kernel may pick
	}
	jsonAuditBoot struct {
		Frozen     string `json:"frozen"`     // ports that other files reserve, and portguard's own undoes: "portguard reserve --renew"
		Overridden string `json:"overridden"` // ports of portguard's own file that a later one undoes
	}
	jsonSlow struct {
		To    string  `json:"to"`    // address and port
		Ratio float64 `json:"ratio"` // of the ports that connections to it have
	}
	JSONPort struct {
		Protocol         string                  `json:"protocol"`
		Port             uint16                  `json:"port"`
		State            string                  `json:"state"` // "at risk", "taken", "reserved", "outside the range"
		AtRisk           bool                    `json:"at_risk"`
		InEphemeralRange bool                    `json:"in_ephemeral_range"`
		Reserved         bool                    `json:"reserved"`
		Asked            bool                    `json:"asked"`        // it is one of PORTS
		GuardedBy        []string                `json:"guarded_by"`   // units with a drop-in of portguard's for it
		Chance           *float64                `json:"chance"`       // 0 to 1; null where the kernel does not pick the port
		ChanceBelow      *float64                `json:"chance_below"` // its bound at 95 %
		Service          *jsonAuditService       `json:"service"`
		Clients          []report.JSONHolder     `json:"clients"`
		Halves           []jsonHalf              `json:"halves"`     // what a service does not listen on, since others have it
		Diversions       *[]report.JSONDiversion `json:"diversions"` // of clients, by the firewall; null: not known
	}
	jsonAuditService struct {
		Addresses []string              `json:"addresses"`
		Units     []string              `json:"units"`
		Container *report.JSONContainer `json:"container"`
		User      string                `json:"user"` // of the socket
		Processes []report.JSONProcess  `json:"processes"`
	}
	jsonHalf struct {
		Lacks   string              `json:"lacks"` // as -p takes it
		Holders []report.JSONHolder `json:"holders"`
	}
	jsonFix struct {
		Command    *string `json:"command"` // null: there is none
		Does       string  `json:"does"`
		NotCovered string  `json:"not_covered"`
	}
)

func (r *result) json(w io.Writer) error {
	f, l := r.facts, r.load
	doc := JSON{
		Version: 1,
		Host: jsonAuditHost{
			EphemeralRange: [2]uint16{f.Range.Low, f.Range.High}, ConnectParity: portrange.Parity(f.Range.Low),
			SameParity: f.Range.Low%2 == f.Range.High%2, Reserved: f.Reserved.String(), UnprivilegedStart: f.Unprivileged,
			TimeWaitSeconds: portrange.TimeWait.Seconds(), FinTimeoutSeconds: f.FinTimeout.Seconds(), TimeWaitReuse: f.Reuse,
		},
		Load: jsonAuditLoad{
			SampleSeconds: r.sample.Seconds(), Opened: r.opened, Recycled: r.recycle, Held: l.Held, Remains: l.Remains, New: l.New,
			Destinations: l.Routes, UDP: l.UDP, NewUDP: l.NewUDP, Choice: l.First,
		},
		DowntimeSeconds: r.down.Seconds(),
		AtRisk:          r.exposed().String(),
		AnyAtRisk:       r.atRisk(),
		ExposedPorts:    r.exposed().String(),
		Boot:            jsonAuditBoot{r.boot.frozen.String(), r.boot.overridden().String()},
		Ports:           make([]JSONPort, len(r.rows)),
		Fixes:           []jsonFix{},
		Limits:          r.unseenThings(),
	}
	if to, part := r.slow(); part > 0 {
		doc.Slow = &jsonSlow{to.To.String(), part}
	}
	for _, exposed := range r.services() {
		doc.Services.Count++
		doc.Services.Exposed += min(exposed, 1)
	}
	for i, row := range r.rows {
		doc.Ports[i] = r.portJSON(row)
	}
	for _, s := range r.away {
		doc.Elsewhere = append(doc.Elsewhere, report.ServerJSON(s))
	}
	for _, f := range r.fixes() {
		j := jsonFix{Does: f.does, NotCovered: f.leaves}
		if f.command != "" {
			j.Command = &f.command
		}
		doc.Fixes = append(doc.Fixes, j)
	}
	return page.WriteJSON(w, doc)
}

func (r *result) portJSON(row entry) JSONPort {
	j := JSONPort{
		Protocol: row.Protocol.String(), Port: row.Number, State: stateText(row), AtRisk: row.atRisk(),
		InEphemeralRange: row.inRange, Reserved: row.reserved, Asked: row.asked, GuardedBy: []string{},
		Clients: make([]report.JSONHolder, len(row.clients)),
	}
	facts := why.Facts{Ephemeral: r.facts.Range}
	j.Halves = []jsonHalf{}
	for _, h := range row.halves {
		one := jsonHalf{Lacks: h.lacks.Argument(), Holders: []report.JSONHolder{}}
		for _, holder := range h.holders {
			one.Holders = append(one.Holders, report.HolderJSON(holder, facts))
		}
		j.Halves = append(j.Halves, one)
	}
	j.Diversions = report.DiversionsJSON(r.firewall, row.diversions)
	j.GuardedBy = append(j.GuardedBy, row.units...)
	if row.exposed() {
		j.Chance, j.ChanceBelow = &row.chance.Chance, &row.chance.Below
	}
	for i, h := range row.clients {
		j.Clients[i] = report.HolderJSON(h, facts)
	}
	if s := foldService(row.services); s != nil {
		first := row.services[0]
		j.Service = &jsonAuditService{Addresses: s.addresses, Units: s.units, User: names.UserJSON(first.Socket.UID), Processes: make([]report.JSONProcess, len(s.processes))}
		for i, p := range s.processes {
			j.Service.Processes[i] = report.ProcessJSON(p)
		}
		if c, ok := container.OfCgroup(first.Cgroup); ok {
			j.Service.Container = &report.JSONContainer{Runtime: string(c.Runtime), ID: c.ID}
		}
	}
	return j
}
