package unit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/systemd"
	"portguard/wrapper"
)

// refuse finds what makes a service impossible to guard, whatever its endpoints are.
func refuse(svc systemd.Service, in unitInstall) error {
	refusal := func(right, format string, args ...any) error {
		return cli.Misuse(fmt.Sprintf(format, args...), right)
	}
	switch svc.LoadState {
	case "loaded":
	case "not-found":
		return refusal("systemctl list-unit-files --type=service", "there is no %s", in.name)
	case "masked":
		return refusal("systemctl unmask "+in.name, "%s is masked: it cannot be started, so there is nothing to guard", in.name)
	default:
		return refusal("systemd-analyze verify "+in.name, "systemd does not load %s (%s): there is something wrong with its files", in.name, svc.LoadState)
	}
	switch {
	case svc.Transient || svc.FragmentPath == "":
		return refusal("systemd-run ... portguard -p 30010 -- COMMAND", "%s has no unit file: it was made for this one run", svc.Name)
	case len(svc.ExecStart) == 0:
		return refusal("", "%s has no ExecStart=: it starts nothing", svc.Name)
	case svc.RootImage != "":
		return refusal("", "%s has its root directory in an image (RootImage=%s), where portguard is not", svc.Name, svc.RootImage)
	}
	if root := svc.RootDirectory; root != "" && root != "/" {
		if _, err := os.Stat(filepath.Join(root, in.portguard)); errors.Is(err, fs.ErrNotExist) {
			return refusal("install -D "+in.portguard+" "+filepath.Join(root, in.portguard), "%s has its root directory in %s, where there is no %s", svc.Name, root, in.portguard)
		}
	}
	if where := hidden(svc, in); where != "" {
		return refusal("install "+in.portguard+" /usr/local/bin/", "%s cannot see %s: it has %s", svc.Name, in.portguard, where)
	}
	return nil
}

// hidden is the setting that hides portguard's file from the service. ExecStartPre=+ is not subject to any of these.
func hidden(svc systemd.Service, in unitInstall) string {
	if in.form == formPre {
		return ""
	}
	if (svc.ProtectHome == "yes" || svc.ProtectHome == "tmpfs") && below(in.portguard, "/home", "/root", "/run/user") {
		return "ProtectHome=" + svc.ProtectHome
	}
	if svc.PrivateTmp && below(in.portguard, "/tmp", "/var/tmp") {
		return "PrivateTmp=yes"
	}
	return ""
}

func below(path string, dirs ...string) bool {
	for _, dir := range dirs {
		if strings.HasPrefix(path, dir+"/") {
			return true
		}
	}
	return false
}

// notePlace is about a file that is there now and may not be at the next start.
func (in *unitInstall) notePlace(p *plan, svc systemd.Service) {
	if below(in.portguard, "/home", "/root", "/run", "/tmp", "/var/tmp") {
		p.say("%s is not a place that lasts, nor one that every service may see; /usr/local/bin is", in.portguard)
	}
}

// noteWait is about a wait that systemd would end: only a process that may notify it can ask for more time.
func (in *unitInstall) noteWait(p *plan, svc systemd.Service) {
	wait := in.policy.Wait
	if wait == 0 || svc.TimeoutStart == 0 || svc.NotifyAccess == "exec" || svc.NotifyAccess == "all" {
		return
	}
	if wait == wrapper.Forever || wait >= svc.TimeoutStart {
		p.say("TimeoutStartSec= of %s (%s) ends a longer wait: raise it, or let portguard ask for more time by NotifyAccess=exec",
			svc.Name, svc.TimeoutStart.Round(time.Millisecond))
	}
}
