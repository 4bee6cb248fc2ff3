package report

import (
	"context"
	"fmt"
	"slices"

	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
	"portguard/netdiag/elsewhere"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper"
)

// In tells of the network namespace that was asked about, where it is another one.
func (out *Output) In(n flags.Netns) {
	if n.Netns != "" {
		facts := out.Facts
		out.Facts = func() Facts {
			f := facts()
			f.netns = n
			return f
		}
	}
}

// JSONServer is who serves on a port in another network namespace.
type JSONServer struct {
	Protocol  string        `json:"protocol"`
	Address   string        `json:"address"`
	Port      uint16        `json:"port"`
	Netns     string        `json:"netns"` // as --netns takes it
	Processes []JSONProcess `json:"processes"`
}

// ServerJSON is for a program.
func ServerJSON(s elsewhere.Server) JSONServer {
	j := JSONServer{netdiag.Protocol(s.Protocol).String(), s.Local.Addr().String(), s.Local.Port(), s.Namespace.Argument(), make([]JSONProcess, len(s.Owners))}
	for i, p := range s.Owners {
		j.Processes[i] = ProcessJSON(p)
	}
	return j
}

// ServerText is for a person: "30010/tcp is taken in another network namespace: web (pid 4242) has *:30010 there".
func ServerText(s elsewhere.Server) string {
	port, who := portOf(s), "somebody"
	if len(s.Owners) > 0 {
		who = s.Owners[0].Named()
	}
	return fmt.Sprintf("%s is taken in another network namespace: %s has %s there; to ask there: portguard %s %s -p %s",
		port, who, s.Local, flags.NetnsFlag, page.ShellQuote(s.Namespace.Argument()), port)
}

func portOf(s elsewhere.Server) netdiag.Port {
	return netdiag.Port{Protocol: netdiag.Protocol(s.Protocol), Number: s.Local.Port()}
}

// Elsewhere answers what a free port leaves open for people who were told that it is taken: where, and by whom.
func (out Output) Elsewhere(ctx context.Context, r *wrapper.Report) {
	free := map[netdiag.Port]bool{}
	var ports []sockdiag.PortRange
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; o.Trial.Verdict == netdiag.Free {
			free[o.Endpoint.Key()] = true
			ports = append(ports, sockdiag.PortRange{First: o.Endpoint.Port, Last: o.Endpoint.Port})
		}
	}
	if len(free) == 0 || out.JSON {
		return
	}
	all, unseen, err := elsewhere.Servers(ctx, ports)
	all = slices.DeleteFunc(all, func(s elsewhere.Server) bool { return !free[portOf(s)] })
	for _, s := range all[:min(len(all), MaxHolders)] {
		out.note(ServerText(s))
	}
	if more := len(all) - MaxHolders; more > 0 {
		out.note(fmt.Sprintf("and %d more in other network namespaces", more))
	}
	if err != nil {
		out.note("whether another network namespace has the port cannot be seen: " + err.Error())
		return
	}
	for _, text := range UnseenText(unseen) {
		out.note(text)
	}
}

// UnseenText is what the servers that are told of may lack.
func UnseenText(unseen elsewhere.Unseen) (all []string) {
	if n := unseen.Denied; n > 0 {
		all = append(all, fmt.Sprintf("%d other network namespaces cannot be looked into: that takes root", n))
	}
	if unseen.Closed {
		all = append(all, "there may be more network namespaces: some processes do not tell this user theirs")
	}
	if unseen.Outside {
		all = append(all, "network namespaces outside of this pid namespace do not show: the host sees them")
	}
	return all
}

func (out Output) note(text string) { fmt.Fprintf(out.w, "\n  note    %s\n", page.Safe(text)) }
