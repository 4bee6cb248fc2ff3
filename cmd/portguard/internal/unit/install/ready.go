package install

import (
	"context"
	"fmt"
	"slices"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/netdiag/served"
	"portguard/systemd"
	"portguard/systemd/unitfile"
	"portguard/wrapper/decide"
	"portguard/wrapper/ready"
)

// ReadyFlag is how long a service may take until it listens.
const ReadyFlag = "--ready"

// cannotBeReady refuses what --ready would make fail at every start.
func (in *installation) cannotBeReady(ctx context.Context, svc systemd.Service) error {
	if in.ready == "" {
		return nil
	}
	without := "portguard unit " + in.spelledWithoutReady()
	at := systemd.Privileged
	if in.User {
		at = systemd.AtStart
	}
	if why := in.program().Unseen(svc, at); why != "" {
		return cli.Misuse(svc.Name+" "+why, in.shown(svc, at))
	}
	if svc.Type == "oneshot" && !svc.RemainAfterExit {
		return cli.Misuse(fmt.Sprintf("%s is of Type=oneshot without RemainAfterExit=: when its start is done it has ended, and nothing of it listens", svc.Name), without)
	}
	in.deaf = nil
	for _, f := range in.lookNow(ctx, svc) {
		switch f.State {
		case served.Other:
			return cli.Misuse(fmt.Sprintf("%s runs, and who listens on %s is none of its processes: %s; with %s its start would fail",
				svc.Name, f.Endpoint, names.WhoHas(f.Holders), ReadyFlag), without)
		case served.Deaf:
			in.deaf = append(in.deaf, f.Endpoint)
		}
	}
	return nil
}

// lookNow is how a service that runs listens, as far as that can be seen from here.
func (in *installation) lookNow(ctx context.Context, svc systemd.Service) []ready.Finding {
	unit, runs := systemd.UnitOfCgroup(svc.ControlGroup)
	if svc.ActiveState != "active" || !runs || svc.PrivateNetwork || svc.NetworkNSPath != "" {
		return nil
	}
	l := ready.New(in.endpoints, ready.Whose{Unit: unit})
	defer l.Close()
	all, err := l.Look(ctx)
	if err != nil {
		return nil
	}
	l.Explain(ctx, all)
	return all
}

// planReady writes the ExecStartPost=. It comes after the unit's own, and its failure is the start's.
func (in *installation) planReady(p *plan, svc systemd.Service, access string) {
	if in.ready == "" {
		return
	}
	p.post = slices.Concat([]string{in.portguard, "ready", "--wait", in.ready}, flags.OfEndpoints(in.endpoints))
	privileged := "+"
	if in.User {
		privileged = "" // such a manager has nothing to give
	}
	p.dropIn.Post = unitfile.Join(privileged, p.post)
	for _, e := range in.deaf {
		p.say("it runs, and does not listen on %s: with %s such a start fails", e, ReadyFlag)
	}
	if svc.TimeoutStart != 0 && (in.readyWait == decide.Forever || in.readyWait >= svc.TimeoutStart) && access != "exec" && access != "all" {
		p.say("TimeoutStartSec= of %s (%s) ends a longer wait of %s: raise it, or let portguard ask for more time by NotifyAccess=exec",
			svc.Name, svc.TimeoutStart.Round(time.Millisecond), ReadyFlag)
	}
	if svc.Restart == "no" {
		p.say("%s has no Restart=: a start that %s finds deaf is not tried again", svc.Name, ReadyFlag)
	}
}
