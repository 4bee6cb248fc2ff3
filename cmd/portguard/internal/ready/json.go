package ready

import (
	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/cmd/portguard/internal/report/why"
	"portguard/netdiag"
	"portguard/netdiag/served"
	"portguard/systemd"
	"portguard/wrapper/ready"
)

// JSON is the document of ready, schema version 1: fields are added, never renamed or removed.
type (
	JSON struct {
		Version   int            `json:"version"`
		Ready     bool           `json:"ready"`
		Unit      *string        `json:"unit"` // null: not a unit's sockets count
		PID       *int           `json:"pid"`  // null: not a process's sockets count
		WaitedMS  int64          `json:"waited_ms"`
		TimedOut  bool           `json:"timed_out"`
		Ended     bool           `json:"ended"`
		Endpoints []jsonEndpoint `json:"endpoints"`
		Limits    []string       `json:"limits,omitempty"`
	}
	jsonEndpoint struct {
		Protocol     string                  `json:"protocol"`
		Address      string                  `json:"address"` // "*": every address
		Device       string                  `json:"device,omitempty"`
		Port         uint16                  `json:"port"`
		State        string                  `json:"state"`
		Lacks        string                  `json:"lacks,omitempty"` // of a half
		Listeners    []report.JSONHolder     `json:"listeners"`       // the service's
		Holders      []report.JSONHolder     `json:"holders"`         // who has it in its place
		HoldersError string                  `json:"holders_error,omitempty"`
		Diversions   *[]report.JSONDiversion `json:"diversions"` // of clients, by the firewall; null: not known
	}
)

func (out output) writeJSON() error {
	r := out.result
	doc := JSON{
		Version: 1, Ready: r.Ready(), WaitedMS: r.Waited.Milliseconds(), TimedOut: r.TimedOut && out.waits, Ended: r.Ended,
		Endpoints: []jsonEndpoint{},
	}
	if out.service.unit != (systemd.Unit{}) {
		doc.Unit = page.Ptr(out.service.unit.Name)
	}
	if pid := out.service.process.PID; pid != 0 {
		doc.PID = page.Ptr(pid)
	}
	if out.degraded != nil {
		doc.Limits = []string{report.DegradedText(out.degraded)}
	}
	facts := report.ReadFacts().Facts
	for _, f := range r.Findings {
		e := endpointJSON(f, facts)
		e.Diversions = report.DiversionsJSON(out.firewall, report.Diverted(out.firewall, f.Endpoint))
		doc.Endpoints = append(doc.Endpoints, e)
	}
	return page.WriteJSON(out.app.Stdout, doc)
}

func endpointJSON(f ready.Finding, facts why.Facts) jsonEndpoint {
	e := jsonEndpoint{
		Protocol: f.Endpoint.Protocol.String(), Address: f.Endpoint.Address(), Device: f.Endpoint.Device, Port: f.Endpoint.Port,
		State: f.State.String(), Listeners: holdersJSON(f.Listeners, facts), Holders: []report.JSONHolder{},
	}
	if f.State != served.Whole {
		e.Holders = holdersJSON(f.Holders, facts)
	}
	if f.State == served.Half {
		e.Lacks = f.Lacks.Bind()
	}
	if f.Unexplained != nil {
		e.HoldersError = f.Unexplained.Error()
	}
	return e
}

func holdersJSON(holders []netdiag.Holder, facts why.Facts) []report.JSONHolder {
	all := make([]report.JSONHolder, len(holders))
	for i, h := range holders {
		all[i] = report.HolderJSON(h, facts)
	}
	return all
}
