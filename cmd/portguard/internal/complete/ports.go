package complete

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/netdiag"
	"portguard/netdiag/portrange/reserved"
	"portguard/netdiag/sockdiag"
)

const (
	mostOffered       = 100             // more than that nobody reads
	completionPatient = 2 * time.Second // nor waits for
)

// completePorts offers the ports that are in use right now, and says by whom: first those of services, then those of
// outgoing connections. A list goes on behind its last comma.
func completePorts(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	ctx, cancel := context.WithTimeout(context.Background(), completionPatient)
	defer cancel()
	p := netdiag.NewProber()
	defer p.Close()
	survey, err := p.Survey(ctx)
	if err != nil {
		return nil, directive // there is no place to say why
	}
	before := typed[:strings.LastIndex(typed, ",")+1]
	var names []string
	var sockets []sockdiag.Socket
	offered := map[string]bool{}
	for _, some := range [][]sockdiag.Socket{
		survey.Services(netdiag.TCP), survey.Services(netdiag.UDP), survey.Clients(netdiag.TCP), survey.Clients(netdiag.UDP),
	} {
		for _, s := range some {
			name := portName(s)
			if len(names) == mostOffered {
				break
			}
			if strings.HasPrefix(before+name, typed) && !offered[name] {
				offered[name] = true
				names, sockets = append(names, name), append(sockets, s)
			}
		}
	}
	var all []cobra.Completion
	for i, h := range p.Identify(ctx, survey, sockets) {
		all = append(all, cobra.CompletionWithDesc(before+names[i], inShort(h)))
	}
	return all, directive
}

// portName is a socket's port as -p takes it.
func portName(s sockdiag.Socket) string {
	name := strconv.Itoa(int(s.Local.Port()))
	if p := netdiag.Protocol(s.Protocol); p != netdiag.TCP {
		name += "/" + p.String()
	}
	return name
}

// inShort says who has a socket and what it is, in a few words.
func inShort(h netdiag.Holder) string {
	who := "another user's"
	if len(h.Owners) > 0 {
		who = page.Safe(h.Owners[0].Named())
	} else if h.Absence == netdiag.Ownerless {
		who = "nobody's any more"
	}
	switch h.Kind {
	case netdiag.Listener:
		return who + " listens"
	case netdiag.Remains, netdiag.Closing:
		return h.Socket.State.String() + names.Arrow(h)
	}
	return who + names.Arrow(h)
}

// completeReserved offers what can be released.
func completeReserved(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	state, err := reserved.Read("/")
	if err != nil {
		return nil, directive
	}
	before := typed[:strings.LastIndex(typed, ",")+1]
	var all []cobra.Completion
	for _, r := range state.Ours.Union(state.Kernel).Minus(state.Theirs()) {
		if name := before + r.String(); strings.HasPrefix(name, typed) && len(all) < mostOffered {
			all = append(all, name)
		}
	}
	return all, directive
}
