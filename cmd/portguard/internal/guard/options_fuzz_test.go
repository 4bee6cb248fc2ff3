package guard

import (
	"errors"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
)

// Whatever a script puts on the command line, it is understood or refused with exit status 64, a reason of one plain line,
// and a right command line. What is understood has an endpoint.
func FuzzOptions(f *testing.F) {
	for _, line := range []string{
		"-p 30010 -- java -jar app.jar", "--share --wait 30s -p 30010,30011/udp -- x", "-p [::1]:80 --only unit=a*.service --close",
		"--restart on-failure --restart-limit 5/1m -p 80 -- x", "--restart always --restart-limit none --restart-delay -1s -p 80 -- x",
		"--signal 9 --kill --grace 1h -p 1-9", "--signal SIGRTMIN+1 --kill -p 1", "--wait forever -p http", "--hold fdstore -p 1 -- x",
		"-p 1 x y", "-p  -Z", "--argv0 -p 1 -- a b", "-p", "-p 1 -p 1", "--json -q -p 1", "--reuseaddr maybe -p 1", "-p\x01\x1b[2J", "-p [fe80::1%a\x1bb]:80",
		"--only user=\x1b --kill -p 1", "-\xe0", "-é", "--wait 9999999999h -p 1", "--restart-limit 99999999999999999999/1s --restart no -p 1 -- x",
	} {
		f.Add(strings.ReplaceAll(line, " ", "\x00"))
	}
	f.Fuzz(func(t *testing.T, joined string) {
		if strings.Count(joined, "-") > 24 {
			return // many ranges of tens of thousands of endpoints each
		}
		o := options{line: strings.Split(joined, "\x00")}
		flags := pflag.NewFlagSet("portguard", pflag.ContinueOnError)
		flags.SetOutput(t.Output())
		flags.Usage = func() {}
		o.addFlags(flags)
		flags.SetInterspersed(false)
		err := flags.Parse(o.line)
		if err == pflag.ErrHelp {
			return
		}
		var r request
		if err != nil {
			a := &cli.App{Args: o.line}
			err = a.FlagError(New(a), err)
		} else {
			r, err = o.parse(flags, flags.Args())
		}
		if err == nil {
			if len(r.endpoints) == 0 || r.restart.on() && len(r.command) == 0 {
				t.Errorf("understood as %+v", r)
			}
			return
		}
		if code := cli.Status(err); code != cli.ExitUsage {
			t.Errorf("exit status %d for %v", code, err)
		}
		var wrong *cli.UsageError
		if h := cli.Hint(err); !strings.HasPrefix(h, "portguard ") && (!errors.As(err, &wrong) || len(wrong.Mends) == 0) {
			t.Errorf("%v: hint %q", err, h)
		}
	})
}
