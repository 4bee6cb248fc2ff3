package report

import (
	"bufio"
	"bytes"
	"io"
	"strconv"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report/advise"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/cmd/portguard/internal/report/why"
	"portguard/netdiag"
	"portguard/systemd"
	"portguard/wrapper"
	"portguard/wrapper/container"
	"portguard/wrapper/decide"
)

// The JSON report, schema version 1: fields are added, never renamed or removed.
type (
	JSONReport struct {
		Version        int            `json:"version"`
		Endpoints      []JSONEndpoint `json:"endpoints"`
		EphemeralRange *[2]uint16     `json:"ephemeral_range"`         // null: could not be read
		Limits         []string       `json:"limits,omitempty"`        // what could not be asked, and why the report knows less
		WouldStart     []string       `json:"would_start,omitempty"`   // a dry run: COMMAND, which would be started
		WouldReserve   string         `json:"would_reserve,omitempty"` // a dry run with --reserve: what would be reserved
	}
	JSONEndpoint struct {
		Protocol         string           `json:"protocol"`
		Address          string           `json:"address"`          // "*": every address
		Device           string           `json:"device,omitempty"` // SO_BINDTODEVICE
		Port             uint16           `json:"port"`
		Verdict          string           `json:"verdict"`
		By               string           `json:"by,omitempty"`            // the rung, when the verdict is freed
		WouldBeFree      bool             `json:"would_be_free,omitempty"` // a dry run: the rungs would all go ahead
		Errno            *string          `json:"errno"`
		Lack             string           `json:"lack,omitempty"` // why the address cannot be used, when the verdict is no-address
		InEphemeralRange bool             `json:"in_ephemeral_range"`
		Reserved         bool             `json:"reserved"`
		Holders          []JSONHolder     `json:"holders"`
		HoldersError     string           `json:"holders_error,omitempty"` // why the kernel could not be asked for them
		Actions          []jsonAction     `json:"actions"`
		Advice           []string         `json:"advice"`
		Diversions       *[]JSONDiversion `json:"diversions"` // of clients, by the firewall; null: not known
	}
	JSONHolder struct {
		Kind        string         `json:"kind"`
		State       string         `json:"state"`
		Certain     bool           `json:"certain"`
		Local       string         `json:"local"`
		Device      string         `json:"device,omitempty"` // that the socket is bound to
		Remote      *string        `json:"remote"`
		Inode       uint32         `json:"inode"`
		Cookie      string         `json:"cookie"`
		UID         *uint32        `json:"uid"`
		User        *string        `json:"user"`
		Unit        *string        `json:"unit"`
		UnitOwner   string         `json:"unit_owner,omitempty"` // of a user's unit: the system's that it is under, user@1000.service
		Container   *JSONContainer `json:"container"`
		Beside      []jsonBeside   `json:"beside,omitempty"` // other services that may end with it
		ExpiresMS   *int64         `json:"expires_ms"`
		Why         string         `json:"why"`
		Placeholder bool           `json:"placeholder,omitempty"` // of portguard's
		Inherited   string         `json:"inherited,omitempty"`   // a listener that its owners may not have opened
		Gone        bool           `json:"gone,omitempty"`        // it was there, and something was done to it
		Processes   []JSONProcess  `json:"processes"`
		KeptBy      []JSONKeeper   `json:"kept_by,omitempty"` // who keeps it without having it open
	}
	JSONContainer struct {
		Runtime string `json:"runtime"`
		ID      string `json:"id"`
		Name    string `json:"name,omitempty"` // where docker, conmon or the runtime's files tell it
		Pod     string `json:"pod,omitempty"`  // uid
		UID     uint32 `json:"uid,omitempty"`  // whose it is, where it is not the system's
		Role    string `json:"role,omitempty"` // what the holder's process is to it
	}
	jsonBeside struct {
		PID     int      `json:"pid"`
		Command string   `json:"command"`
		Ports   []uint16 `json:"ports"`
		Child   bool     `json:"child"` // it descends from the holder's process
	}
	jsonAction struct {
		Rung   string `json:"rung"`
		Holder *int   `json:"holder"` // null: about the endpoint as a whole
		Result string `json:"result"`
		Detail string `json:"detail"`
	}
)

// WriteJSON writes one document. It is put together from one endpoint at a time: about thousands of them, in use by tens of
// thousands of connections, it takes more memory than all that was learnt of them.
func WriteJSON(w io.Writer, r *wrapper.Report, facts Facts, p Prospect) error {
	facts = facts.about(r)
	advice := advise.Commands(facts.advice(r))
	doc := JSONReport{Version: 1, Endpoints: []JSONEndpoint{}, Limits: limits(r), WouldStart: p.Start, WouldReserve: p.Reserve}
	if facts.Ephemeral.High != 0 {
		doc.EphemeralRange = &[2]uint16{facts.Ephemeral.Low, facts.Ephemeral.High}
	}
	frame, err := page.PlainJSON(doc)
	if err != nil {
		return err
	}
	const list = `"endpoints":[`
	before, after, _ := bytes.Cut(frame, []byte(list))
	out := bufio.NewWriterSize(w, 64<<10) // its first error is its last, and Flush returns it
	_, _ = out.Write(before)
	_, _ = out.WriteString(list)
	for i := range r.Outcomes {
		one, err := page.PlainJSON(endpointJSON(&r.Outcomes[i], advice, facts))
		if err != nil {
			return err
		}
		if i > 0 {
			_ = out.WriteByte(',')
		}
		_, _ = out.Write(one)
	}
	_, _ = out.Write(after)
	_ = out.WriteByte('\n')
	return out.Flush()
}

func endpointJSON(o *wrapper.Outcome, advice []string, facts Facts) JSONEndpoint {
	told := o.Told()
	e := JSONEndpoint{
		Protocol:         o.Endpoint.Protocol.String(),
		Address:          o.Endpoint.Address(),
		Device:           o.Endpoint.Device,
		Port:             o.Endpoint.Port,
		Verdict:          verdictText(o),
		WouldBeFree:      o.WouldBeFree,
		InEphemeralRange: facts.Ephemeral.Contains(o.Endpoint.Port),
		Reserved:         facts.Reserved.Contains(o.Endpoint.Port),
		Holders:          make([]JSONHolder, len(told)),
		Actions:          make([]jsonAction, len(o.Actions)),
		Advice:           []string{},
	}
	rules := facts.firewall()
	e.Diversions = DiversionsJSON(rules, Diverted(rules, o.Endpoint))
	if o.By != decide.Ground {
		e.By = o.By.String()
	}
	if o.Trial.Errno != 0 {
		e.Errno = page.Ptr(unix.ErrnoName(o.Trial.Errno))
	}
	if o.Lack.Why != netdiag.NotThere && o.Trial.Verdict == netdiag.NoAddress {
		e.Lack = o.Lack.Why.String()
	}
	if o.Unexplained != nil {
		e.HoldersError = o.Unexplained.Error()
	}
	place := make(map[netdiag.SocketID]int, len(told))
	for i, h := range told {
		e.Holders[i] = HolderJSON(*h, facts.Facts)
		e.Holders[i].Gone = i >= len(o.Holders)
		place[h.ID()] = i
	}
	for i, a := range o.Actions {
		e.Actions[i] = jsonAction{Rung: a.Rung.String(), Result: string(a.Result), Detail: a.Detail}
		if a.Holder != nil {
			e.Actions[i].Holder = page.Ptr(place[a.Holder.ID()])
		}
	}
	if v := o.Trial.Verdict; v == netdiag.Taken || v == netdiag.NoAddress {
		e.Advice = advice
	}
	return e
}

// verdictText is the verdict, with "freed" for what a rung has turned into free.
func verdictText(o *wrapper.Outcome) string {
	if o.Trial.Verdict == netdiag.Free && o.By != decide.Ground {
		return "freed"
	}
	return o.Trial.Verdict.String()
}

// HolderJSON is one holder.
func HolderJSON(h netdiag.Holder, facts why.Facts) JSONHolder {
	j := JSONHolder{
		Kind:        h.Kind.String(),
		State:       h.Socket.State.String(),
		Certain:     h.Certain,
		Local:       netdiag.Plain(h.Socket.Local).String(),
		Device:      h.Device,
		Inode:       h.Socket.Inode,
		Cookie:      strconv.FormatUint(h.Socket.Cookie, 16),
		Why:         why.Sentence(h, facts),
		Placeholder: h.Flags.Placeholder,
		Inherited:   [...]string{"", "perhaps", "yes"}[h.Passed],
		Processes:   make([]JSONProcess, len(h.Owners)),
	}
	if h.Socket.Remote.Port() != 0 {
		j.Remote = page.Ptr(netdiag.Plain(h.Socket.Remote).String())
	}
	if user := names.UserJSON(h.Socket.UID); h.Socket.Inode != 0 && user != "" { // a record without an inode says uid 0 of everybody's socket
		j.UID, j.User = page.Ptr(h.Socket.UID), page.Ptr(user)
	}
	if h.Kind == netdiag.Remains {
		j.ExpiresMS = page.Ptr(h.Socket.Expires.Milliseconds())
	}
	if u, ok := systemd.UnitOfCgroup(h.Cgroup); ok {
		j.Unit, j.UnitOwner = page.Ptr(u.Name), u.Owner
	}
	j.Container = containerJSON(facts.Judge.Around.Part(&h), h.Cgroup)
	for _, n := range facts.Judge.Around.Beside(&h) {
		j.Beside = append(j.Beside, jsonBeside{n.Process.PID, n.Process.Command, n.Ports, n.Below})
	}
	for i, p := range h.Owners {
		j.Processes[i] = ProcessJSON(p).from(facts.Judge.Around.Origin(p))
	}
	for _, hint := range h.Hints {
		j.KeptBy = append(j.KeptBy, JSONKeeper{By: hint.Kind.String(), Certain: hint.Kind.Certain(), Process: ProcessJSON(hint.Process)})
	}
	return j
}

// containerJSON is nil where there is none, or nothing is known of it. Where no process shows, the socket's cgroup tells.
func containerJSON(part container.Part, cgroup string) *JSONContainer {
	c := part.Container
	if part.Role == container.None {
		c, _ = container.OfCgroup(cgroup)
	}
	if c.Runtime == "" {
		return nil
	}
	if c.Name == "" {
		c.Name = container.Files{}.Name(c)
	}
	return &JSONContainer{Runtime: c.Runtime, ID: c.ID, Name: c.Name, Pod: c.Pod, UID: c.User, Role: part.Role.String()}
}
