package unit

import (
	"fmt"
	"path/filepath"

	"portguard/cmd/portguard/internal/cli"
	"portguard/systemd"
)

// refuse finds what makes a service impossible to guard, whatever its endpoints are.
func refuse(svc systemd.Service, in unitInstall) error {
	refusal := func(right, format string, args ...any) error {
		return cli.Misuse(fmt.Sprintf(format, args...), right)
	}
	switch svc.LoadState {
	case "loaded":
	case "not-found":
		if !in.user && ownUnit(in.name) {
			return in.isYourOwn()
		}
		return refusal(in.manager()+" list-unit-files --type=service", "there is no %s", in.name)
	case "masked":
		return refusal(in.manager()+" unmask "+in.name, "%s is masked: it cannot be started, so there is nothing to guard", in.name)
	default:
		return refusal("systemd-analyze verify "+in.name, "systemd does not load %s (%s): there is something wrong with its files", in.name, svc.LoadState)
	}
	switch {
	case svc.Transient || svc.FragmentPath == "":
		return refusal("systemd-run ... portguard -p 30010 -- COMMAND", "%s has no unit file: it was made for this one run", svc.Name)
	case len(svc.ExecStart) == 0:
		return refusal("", "%s has no ExecStart=: it starts nothing", svc.Name)
	}
	if err := in.cannotStart(svc); err != nil {
		return err
	}
	if in.form == formPre {
		return nil
	}
	if err := in.cannotCall(svc); err != nil {
		return err
	}
	return in.cannotRunWithin(svc)
}

// notePlace is about a file that is there now and may not be at the next start. A package's is in /usr/bin, and its removal takes the
// drop-ins away before the file; nobody does that for another one.
func (in *unitInstall) notePlace(p *plan, svc systemd.Service) {
	switch {
	case lastsNot(in.portguard):
		p.say("%s is not a place that lasts, nor one that every service may see; /usr/local/bin is", in.portguard)
	case filepath.Dir(in.portguard) != "/usr/bin":
		p.say("%s does not start without %s from now on: portguard unit remove --all before that file goes", svc.Name, in.portguard)
	}
}
