package install

import (
	"slices"
	"strconv"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/systemd"
)

// noteSuccess is about a service of which a status is a success that portguard ends with where it did not get a port. systemd counts it
// for ExecStartPre= as well, though its manual says that it is about the main process.
func (in *installation) noteSuccess(p *plan, svc systemd.Service) {
	var own []string
	for _, status := range []int{cli.ExitUnavailable, cli.ExitOSErr, cli.ExitTempFail, cli.ExitNoPerm} {
		if slices.Contains(svc.SuccessStatuses, status) {
			own = append(own, strconv.Itoa(status))
		}
	}
	if len(own) == 0 {
		return
	}
	then := "ends without having failed, and Restart=on-failure does not start it again"
	if in.form == FormPre {
		then = "is started all the same"
	}
	p.say("SuccessExitStatus= of %s has %s, with which portguard ends when it does not get a port: the service then %s",
		svc.Name, strings.Join(own, ", "), then)
}
