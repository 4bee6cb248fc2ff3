package install

import (
	"fmt"
	"slices"
	"strconv"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/systemd"
	"portguard/systemd/unitfile"
)

// asService writes the ExecStartPre=. It runs as root: where SO_REUSEPORT counts, it has to judge as the service's user.
func (in *installation) asService(p *plan, svc systemd.Service) error {
	p.dropIn.Pre = unitfile.Join("+", p.argv)
	user, err := in.servicesUser(svc)
	if err != nil || user == "" {
		return err
	}
	own := []string{flags.AsUserFlag, user}
	if i := slices.Index(p.argv, flags.AsUserFlag); i >= 0 { // given as it is shown
		p.argv = slices.Delete(slices.Clone(p.argv), i, i+2)
		p.dropIn.Pre = unitfile.Join("+", p.argv)
	}
	p.argv = slices.Concat(p.argv, own)
	p.dropIn.Pre += " " + own[0] + " " + own[1] // with the variable for systemd to expand
	return nil
}

// servicesUser is what --as-user says, "" for nothing.
func (in *installation) servicesUser(svc systemd.Service) (string, error) {
	opts, err := in.options.SocketOptions()
	switch {
	case err != nil || !opts.ReusePort || opts.Owner.Other:
		return "", err
	case svc.AsRoot():
		return "", nil
	}
	elsewhere := svc.RootDirectory != "" && svc.RootDirectory != "/" // where names are others
	uid, known := flags.UserID(svc.User)
	switch {
	case svc.DynamicUser && elsewhere:
		return "", cli.Misuse(fmt.Sprintf("%s has a user of DynamicUser='s making, whose number cannot be seen in %s, and SO_REUSEPORT hangs on it", svc.Name, svc.RootDirectory),
			"portguard unit "+in.spelledAs(FormWrapper))
	case !svc.DynamicUser && !known:
		return "", cli.Misuse(fmt.Sprintf("%s runs as %s, who is not in /etc/passwd, and SO_REUSEPORT hangs on the number", svc.Name, svc.User),
			"portguard unit "+in.spelledAs(FormPre)+" "+flags.AsUserFlag+" $(id -u "+svc.User+")")
	case elsewhere:
		return strconv.FormatUint(uint64(uid), 10), nil
	}
	return flags.ServicesUser, nil
}
