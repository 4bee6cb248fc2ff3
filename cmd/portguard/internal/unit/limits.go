package unit

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/systemd"
)

// threads is how many Go's runtime may want before it has started anything.
const threads = 12

// cannotRunWithin refuses where the service's resource limits leave portguard too little. ExecStartPre=+ has none of them.
func (in unitInstall) cannotRunWithin(svc systemd.Service) error {
	asPre := "portguard unit " + in.spelledAs(formPre)
	if n := svc.Limits.Processes; n != 0 && n < threads && (svc.DynamicUser || svc.User != "" && svc.User != "root") {
		return cli.Misuse(fmt.Sprintf("LimitNPROC=%d of %s is less than the %d threads that portguard may need", n, svc.Name, threads), asPre)
	}
	set, words := limitWords(svc.Limits)
	if set == "" {
		return nil
	}
	if err := runsWithin(in.portguard, words); err != nil {
		return cli.Misuse(fmt.Sprintf("%s is too little for portguard (%v): %s would not start", set, err, svc.Name), asPre)
	}
	return nil
}

// plenty is a number of open files under which nobody runs out of them at a start.
const plenty = 256

// limitWords are the limits worth a try, as a unit sets them and as ulimit of sh(1) takes them.
func limitWords(l systemd.Limits) (set, ulimit string) {
	var settings, words []string
	add := func(setting, option string, value uint64) {
		settings = append(settings, setting)
		words = append(words, "ulimit "+option+" "+strconv.FormatUint(value, 10))
	}
	const kib = 1024
	if l.AddressSpace != 0 {
		add(fmt.Sprintf("LimitAS=%d", l.AddressSpace), "-v", l.AddressSpace/kib)
	}
	if l.Data != 0 {
		add(fmt.Sprintf("LimitDATA=%d", l.Data), "-d", l.Data/kib)
	}
	if l.Files != 0 && l.Files < plenty {
		add(fmt.Sprintf("LimitNOFILE=%d", l.Files), "-n", l.Files)
	}
	return strings.Join(settings, " "), strings.Join(words, " && ")
}

// runsWithin has portguard start a command under these limits. That it comes to a verdict on the port, whichever, is enough.
func runsWithin(portguard, limits string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := exec.CommandContext(ctx, "/bin/sh", "-c", limits+` && exec "$0" --quiet -p 1 -- /bin/true`, portguard).Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() == cli.ExitUnavailable {
		return nil
	}
	return err
}
