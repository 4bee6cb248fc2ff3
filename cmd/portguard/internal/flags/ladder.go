package flags

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/mend"
	"portguard/wrapper/decide"
)

// Ladder are the flags that say which rungs are allowed, and how.
type Ladder struct {
	share         bool
	wait          string
	close         bool
	restartUnit   bool
	kill          bool
	killListeners bool
	signal        string
	grace         time.Duration
	only          cli.List
}

// IfTaken is the title of the ladder's flags.
const IfTaken = "If it is taken, the least harmful first"

// AddLadder adds them in the order in which --help shows them.
func (o *Ladder) AddLadder(fs *pflag.FlagSet) {
	cli.Titled(fs, IfTaken, func(fs *pflag.FlagSet) {
		fs.BoolVar(&o.share, "share", false, "start beside the connection that has the port; nothing is cut")
		fs.StringVar(&o.wait, "wait", "", "wait up to `DURATION` (30s, 2m, forever) until the port is free")
		fs.BoolVar(&o.close, "close", false, "cut exactly the connections that have the port")
		fs.BoolVar(&o.restartUnit, "restart-unit", false, "have systemd restart the service that has the port; it reconnects from another")
		fs.BoolVar(&o.kill, "kill", false, "end the processes that have the port")
		fs.BoolVar(&o.killListeners, "kill-listeners", false, "with --close, --restart-unit or --kill: touch a service that listens on the port, too")
		fs.StringVar(&o.signal, "signal", "TERM", "with --kill: the `SIGNAL` that is sent first")
		fs.DurationVar(&o.grace, "grace", 10*time.Second, "with --kill: send SIGKILL after `DURATION`")
		fs.Var(&o.only, "only", "with --close, --restart-unit or --kill: touch only processes that match `KEY=VALUE`: user=NAME, unit=GLOB, user-unit=GLOB or exe=GLOB; repeats")
	})
}

const onlyRight = "portguard --close --only unit=redis.service -p 30010 -- COMMAND"

// Policy is what the flags come to. Endpoints says what is known of the service.
func (o *Ladder) Policy(fs *pflag.FlagSet, e Endpoint) (decide.Policy, error) {
	p := decide.Policy{
		Share: o.share, Close: o.close, RestartUnit: o.restartUnit, Kill: o.kill,
		KillListeners: o.killListeners, Grace: o.grace,
	}
	var err error
	if p.Wait, err = ParseWait("--wait", o.wait, fs.Changed("wait"), "portguard --wait 30s -p 30010 -- COMMAND"); err != nil {
		return p, err
	}
	if p.Signal, err = ParseSignal("--signal", o.signal, "portguard --kill --signal TERM -p 30010 -- COMMAND", "TERM"); err != nil {
		return p, err
	}
	if o.grace < 0 {
		return p, cli.Misuse(fmt.Sprintf("--grace %s is negative", o.grace), "portguard --kill --grace 10s -p 30010 -- COMMAND", mend.Without("grace"))
	}
	for _, text := range o.only {
		if err := p.Only.Add(text); err != nil {
			return p, cli.Misuse("--only "+err.Error(), onlyRight, meantOnly(text)...)
		}
	}
	if name := p.Only.Unknown(); name != "" {
		return p, cli.Misuse(
			fmt.Sprintf("--only user=%q: /etc/passwd has no such user; one of a directory service's is given as a number (id -u tells it)", name),
			"portguard --close --only user=1000 -p 30010 -- COMMAND")
	}
	return p, o.contradictions(fs, e)
}

// contradictions refuses flags that would silently do nothing.
func (o *Ladder) contradictions(fs *pflag.FlagSet, e Endpoint) error {
	for _, name := range []string{"signal", "grace"} {
		if fs.Changed(name) && !o.kill {
			return cli.Misuse("--"+name+" is about --kill, which is not given", "portguard --kill --"+name+cli.ExampleOf(name)+" -p 30010 -- COMMAND", mend.Before(name, "--kill"))
		}
	}
	for _, name := range []string{"kill-listeners", "only"} {
		if fs.Changed(name) && !o.kill && !o.close && !o.restartUnit {
			return cli.Misuse("--"+name+" is about --close, --restart-unit and --kill, none of which is given", "portguard "+lesser(name)+" --"+name+cli.ExampleOf(name)+" -p 30010 -- COMMAND", mend.Before(name, lesser(name)))
		}
	}
	if o.share && (e.noReuseAddr || e.reuseAddr == "no") {
		return cli.Misuse("--share needs a service that sets SO_REUSEADDR: only then does it bind beside a connection", "portguard --wait 30s --no-reuseaddr -p 30010 -- COMMAND", waiting(o.wait)...)
	}
	return nil
}

// waiting are the mends of a line whose --share is in vain.
func waiting(wait string) []mend.Mend {
	if wait != "" {
		return []mend.Mend{mend.Without("share")}
	}
	return []mend.Mend{mend.Before("share", "--wait", "30s"), mend.Without("share")}
}

// lesser is the flag that a flag which narrows or widens others is shown with: the one that does the least.
func lesser(name string) string {
	if name == "only" {
		return "--close"
	}
	return "--kill"
}

// ParseWait reads a flag such as --wait: 0 when it is not given, wrapper.Forever for "forever". right is a line that has it right.
func ParseWait(flag, text string, given bool, right string) (time.Duration, error) {
	if !given {
		return 0, nil
	}
	if text == "forever" {
		return decide.Forever, nil
	}
	name := strings.TrimPrefix(flag, "--")
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, cli.Misuse(fmt.Sprintf("%s %q is not a duration such as 30s, 2m or forever", flag, text), right, mend.Value(name, text, mend.Forever(text, "30s")))
	case d <= 0:
		return 0, cli.Misuse(fmt.Sprintf("%s %s is no time to wait", flag, text), right, mend.Without(name))
	}
	return d, nil
}

// ParseSignal reads the value of a flag, which knows TERM, SIGTERM, 15 and RTMIN+3. example is one that would do, and right a line with it.
func ParseSignal(flag, text, right, example string) (unix.Signal, error) {
	name := strings.ToUpper(text)
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= 64 {
		return unix.Signal(n), nil
	}
	if s := unix.SignalNum("SIG" + strings.TrimPrefix(name, "SIG")); s != 0 {
		return s, nil
	}
	const rtmin, rtmax = 34, 64 // as C libraries count; they have the first two for themselves
	if offset, found := strings.CutPrefix(strings.TrimPrefix(name, "SIG"), "RTMIN+"); found {
		if n, err := strconv.Atoi(offset); err == nil && n >= 0 && n <= rtmax-rtmin {
			return unix.Signal(rtmin + n), nil
		}
	}
	if meant := mend.Signal(strings.TrimLeft(text, "-")); meant != "" {
		example = meant
	}
	return 0, cli.Misuse(fmt.Sprintf("%s %q is not a signal", flag, text), right, mend.Value(strings.TrimPrefix(flag, "--"), text, example))
}
