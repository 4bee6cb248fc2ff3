package install

import (
	"fmt"
	"path/filepath"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/unit/place"
	"portguard/cmd/portguard/internal/unit/within"
	"portguard/systemd"
)

// refuse finds what makes a service impossible to guard, whatever its endpoints are.
func refuse(svc systemd.Service, in *installation) error {
	refusal := func(right, format string, args ...any) error {
		return cli.Misuse(fmt.Sprintf(format, args...), right)
	}
	switch svc.LoadState {
	case systemd.Loaded:
	case systemd.NotFound:
		if !in.User && place.HasOwn(in.name) {
			return in.isYourOwn()
		}
		return refusal(in.Manager()+" list-unit-files --type=service", "there is no %s", in.name)
	case systemd.Masked:
		return refusal(in.Manager()+" unmask "+in.name, "%s is masked: it cannot be started, so there is nothing to guard", in.name)
	default:
		return refusal("systemd-analyze verify "+in.name, "systemd does not load %s (%s): there is something wrong with its files", in.name, svc.LoadState)
	}
	switch {
	case svc.Transient || svc.FragmentPath == "":
		return refusal("systemd-run ... portguard -p 30010 -- COMMAND", "%s has no unit file: it was made for this one run", svc.Name)
	case len(svc.ExecStart) == 0:
		return refusal("", "%s has no ExecStart=: it starts nothing", svc.Name)
	}
	return in.cannotRun(svc)
}

// cannotRun refuses where the service leaves portguard no place, or too little. ExecStartPre=+ has no filter and no limits.
func (in *installation) cannotRun(svc systemd.Service) error {
	at := systemd.AtStart
	if in.form == FormPre {
		at = systemd.Privileged
	}
	if why := in.program().Unseen(svc, at); why != "" {
		return cli.Misuse(svc.Name+" "+why, in.shown(svc, at))
	}
	if in.form == FormPre {
		return nil
	}
	asPre := "portguard unit " + in.spelledAs(FormPre)
	if missing := within.Lacking(svc.SystemCalls); len(missing) > 0 {
		return cli.Misuse(fmt.Sprintf("SystemCallFilter= of %s lacks what portguard needs to start: %s", svc.Name, strings.Join(missing, " ")), asPre)
	}
	if why := in.program().TooLittle(svc); why != "" {
		return cli.Misuse(why, asPre)
	}
	return nil
}

// shown is what would do where the service does not see portguard: the other form, or what lets it see.
func (in *installation) shown(svc systemd.Service, at systemd.Place) string {
	if p := in.program(); at == systemd.AtStart && p.Lasts() && p.Unseen(svc, systemd.Privileged) == "" {
		return "portguard unit " + in.spelledAs(FormPre)
	}
	return in.program().Shown(svc, at)
}

func (in *installation) program() within.Program { return within.Program(in.portguard) }

// noteCalls is about a filter under which portguard starts, and is ended when there is something to do.
func noteCalls(p *plan, svc systemd.Service) {
	if missing := within.LackingWhenTaken(svc.SystemCalls); len(missing) > 0 {
		p.say("SystemCallFilter= of %s ends portguard when the port is taken: it lacks %s; --as pre needs none of it", svc.Name, strings.Join(missing, " "))
	}
}

// notePlace is about a file that is there now and may not be at the next start. A package's is in /usr/bin, and its removal takes the
// drop-ins away before the file; nobody does that for another one.
func (in *installation) notePlace(p *plan, svc systemd.Service) {
	switch {
	case !in.program().Lasts():
		p.say("%s is not a place that lasts, nor one that every service may see; /usr/local/bin is", in.portguard)
	case filepath.Dir(in.portguard) != "/usr/bin":
		p.say("%s does not start without %s from now on: portguard unit remove %s before that file goes", svc.Name, in.portguard, in.theirs("--all"))
	}
}
