package install

import (
	"time"

	"portguard/systemd"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// noteWait is about a wait that systemd would end: only a process that may notify it can ask for more time. access is NotifyAccess=
// as the drop-in leaves it.
func (in *installation) noteWait(p *plan, svc systemd.Service, access string) {
	wait := in.policy.Wait
	if wait == 0 || svc.TimeoutStart == 0 || wait != decide.Forever && wait < svc.TimeoutStart {
		return
	}
	need := mayAskForTime(in.form, svc.Type, access)
	if need == "" {
		return
	}
	p.say("TimeoutStartSec= of %s (%s) ends a longer wait: raise it, or let portguard ask for more time by NotifyAccess=%s",
		svc.Name, svc.TimeoutStart.Round(time.Millisecond), need)
}

// mayAskForTime is the NotifyAccess= by which portguard could ask systemd for more time while it waits; "" when it can, or when
// nothing ends the wait. In front of its command it is the main process, except in a service that forks; and of simple services
// systemd only waits for the exec.
func mayAskForTime(form Form, kind, access string) string {
	byAnyone := access == "exec" || access == "all"
	switch {
	case byAnyone:
		return ""
	case form == FormPre, kind == "forking":
		return "exec"
	case kind == "simple", kind == "exec", kind == "idle":
		return ""
	case access == "main":
		return ""
	}
	return "main"
}

// noteRestarts is about a service that systemd restarts until it is up. Alone it may take seconds to find its port taken; behind
// portguard a start fails at once, and then systemd soon has enough of it.
func (in *installation) noteRestarts(p *plan, svc systemd.Service) {
	wait := in.policy.Wait
	if svc.Restart != "always" && svc.Restart != "on-failure" || !hitsStartLimit(svc, wait) {
		return
	}
	without := "without --wait"
	if wait > 0 {
		without = "with --wait " + wrapper.Span(wait)
	}
	p.say("Restart=%s of %s %s meets its start limit (StartLimitBurst=%d in %s) while the port is taken, and then it stays down; --wait 30s waits instead",
		svc.Restart, svc.Name, without, svc.StartLimit.Burst, wrapper.Span(svc.StartLimit.Interval))
}

// hitsStartLimit reports whether starts that fail after a wait follow each other faster than systemd goes along with.
func hitsStartLimit(svc systemd.Service, wait time.Duration) bool {
	if wait == decide.Forever || svc.StartLimit.Burst == 0 || svc.StartLimit.Interval == 0 {
		return false
	}
	return time.Duration(svc.StartLimit.Burst)*(wait+svc.RestartDelay) < svc.StartLimit.Interval
}
