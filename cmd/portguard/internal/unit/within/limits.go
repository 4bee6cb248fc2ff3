package within

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/systemd"
	"portguard/wrapper/become"
)

// TooLittle says which of the service's resource limits leave portguard too little; "" when they do not. Whether it runs within those on
// memory and open files is tried.
func (p Program) TooLittle(svc systemd.Service) string {
	if n := svc.Limits.Processes; n != 0 && n < become.LeastThreads && !svc.AsRoot() {
		return fmt.Sprintf("LimitNPROC=%d of %s is less than the %d threads that portguard may need", n, svc.Name, become.LeastThreads)
	}
	set, words := limitWords(svc.Limits)
	if set == "" {
		return ""
	}
	if err := p.runs(words); err != nil {
		return fmt.Sprintf("%s is too little for portguard (%v): %s would not start", set, err, svc.Name)
	}
	return ""
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

// runs has portguard look at a port under these limits. That it comes to a verdict on the port, whichever, is enough.
// os/exec would make the program 3 % larger.
func (p Program) runs(limits string) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	argv := []string{"/bin/sh", "-c", limits + ` && exec "$0" --quiet -p 1`, string(p)}
	process, err := os.StartProcess(argv[0], argv, &os.ProcAttr{Files: []*os.File{null, null, null}})
	if err != nil {
		return err
	}
	defer time.AfterFunc(10*time.Second, func() { _ = process.Kill() }).Stop()
	ended, err := process.Wait()
	if err != nil || ended.Success() || ended.ExitCode() == cli.ExitUnavailable {
		return err
	}
	return errors.New(ended.String())
}
