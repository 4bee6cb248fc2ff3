package guard

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/wrapper/supervise"
)

// superviseOptions are the flags of a portguard that stays as the parent of COMMAND.
type superviseOptions struct {
	restart      string
	restartDelay time.Duration
	restartLimit string
	readyTimeout time.Duration
	stopTimeout  time.Duration
	stopSignal   string
	processGroup bool
}

// supervision is how COMMAND is supervised.
type supervision struct {
	policy       supervise.Policy
	readyTimeout time.Duration
	stopTimeout  time.Duration
	stopSignal   unix.Signal // that asks it to stop, beside SIGTERM and SIGINT; 0: none
	processGroup bool
}

// on reports whether it is at all.
func (s supervision) on() bool { return s != (supervision{}) }

const superviseRight = "portguard --restart on-failure -p 30010 -- COMMAND"

// addSuperviseFlags adds what is about --restart.
func (o *superviseOptions) addSuperviseFlags(fs *pflag.FlagSet) {
	cli.Titled(fs, "With --restart", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.restart, "restart", "", "stay as COMMAND's parent, hold the port, and start COMMAND again when it has ended: `no|on-failure|always`")
		fs.DurationVar(&o.restartDelay, "restart-delay", time.Second, "wait `DURATION` before the first restart; doubles up to 1m")
		fs.StringVar(&o.restartLimit, "restart-limit", "5/1m", "give up after N restarts within DURATION, `N/DURATION`; none: never")
		fs.DurationVar(&o.readyTimeout, "ready-timeout", 0, "COMMAND has to listen on every endpoint within `DURATION`; 0: it need not")
		fs.DurationVar(&o.stopTimeout, "stop-timeout", 10*time.Second, "COMMAND has to end within `DURATION` when it is stopped, or it is killed")
		fs.StringVar(&o.stopSignal, "stop-signal", "", "the `SIGNAL` that asks COMMAND to stop, besides TERM and INT")
		fs.BoolVar(&o.processGroup, "process-group", false, "pass signals on to COMMAND's whole process group")
	})
}

// supervision is what the flags come to; the zero value without --restart.
func (o *options) supervision(fs *pflag.FlagSet, r request) (supervision, error) {
	if !fs.Changed("restart") {
		for _, name := range []string{"restart-delay", "restart-limit", "ready-timeout", "stop-timeout", "stop-signal", "process-group"} {
			if fs.Changed(name) {
				return supervision{}, cli.Misuse("--"+name+" is about --restart, which is not given", superviseRight, mend.Before(name, "--restart", "on-failure"))
			}
		}
		return supervision{}, nil
	}
	p := supervision{
		policy:       supervise.Policy{Restart: supervise.Restart(o.restart), Delay: o.restartDelay},
		readyTimeout: o.readyTimeout, stopTimeout: o.stopTimeout, processGroup: o.processGroup,
	}
	wrong := func(mend mend.Mend, format string, args ...any) (supervision, error) {
		return p, cli.Misuse(fmt.Sprintf(format, args...), superviseRight, mend)
	}
	switch p.policy.Restart {
	case supervise.Never, supervise.OnFailure, supervise.Always:
	default:
		return wrong(mend.Value("restart", o.restart, meantRestart(o.restart)), "--restart %q is none of no, on-failure, always", o.restart)
	}
	switch {
	case len(r.command) == 0:
		return wrong(mend.Starting("COMMAND"), "--restart is for a COMMAND, and there is none")
	case r.hold == flags.HoldFDStore:
		return wrong(mend.Without("hold"), "--restart holds the port itself, so --hold fdstore has nothing to do")
	case o.JSON && !o.dryRun:
		return wrong(mend.Without("json"), "--json is one document, and --restart may have more to report")
	}
	for name, d := range map[string]time.Duration{"restart-delay": o.restartDelay, "ready-timeout": o.readyTimeout, "stop-timeout": o.stopTimeout} {
		if d < 0 {
			return wrong(mend.Without(name), "--%s %s is negative", name, d)
		}
	}
	var ok bool
	if p.policy.Limit, p.policy.Window, ok = parseLimit(o.restartLimit); !ok {
		return wrong(mend.Value("restart-limit", o.restartLimit, meantLimit(o.restartLimit)), "--restart-limit %q is not N/DURATION, such as 5/1m, nor none", o.restartLimit)
	}
	var err error
	p.stopSignal, err = o.stops()
	return p, err
}

// idle says which flags change nothing where nothing is started again.
func (o *superviseOptions) idle(fs *pflag.FlagSet) (said []string) {
	for _, name := range []string{"restart-delay", "restart-limit"} {
		if fs.Changed(name) && supervise.Restart(o.restart) == supervise.Never {
			said = append(said, "--"+name+" changes nothing with --restart no")
		}
	}
	return said
}

// meantRestart is which of the three was meant, by docker's words as well.
func meantRestart(typed string) string {
	return mend.Word(typed, map[string]string{
		"yes": "on-failure", "true": "on-failure", "on": "on-failure", "onfailure": "on-failure", "failure": "on-failure", "false": "no", "never": "no", "off": "no",
		"unless-stopped": "always",
	}, "on-failure", "always", "no")
}

// meantLimit is the limit that was meant: of a bare number, within a minute.
func meantLimit(typed string) string {
	count, window, _ := strings.Cut(typed, "/")
	if n, err := strconv.Atoi(count); err != nil || n <= 0 {
		return "5/1m"
	}
	switch window {
	case "":
		return count + "/1m"
	case "s", "m", "h":
		return count + "/1" + window
	}
	return count + "/" + mend.Duration(window, "1m")
}

// stops is the value of --stop-signal; 0 without.
func (o *superviseOptions) stops() (unix.Signal, error) {
	const right = "portguard --restart always --stop-signal QUIT -p 30010 -- COMMAND"
	if o.stopSignal == "" {
		return 0, nil
	}
	sig, err := flags.ParseSignal("--stop-signal", o.stopSignal, right, "QUIT")
	switch {
	case err != nil:
		return 0, err
	case sig == unix.SIGKILL, sig == unix.SIGSTOP, sig == unix.SIGCHLD, sig == unix.SIGCONT:
		return 0, cli.Misuse(fmt.Sprintf("--stop-signal %q asks nobody to stop", o.stopSignal), right, mend.Value("stop-signal", o.stopSignal, "QUIT"))
	}
	return sig, nil
}

// parseLimit knows 5/1m, 1/30s and none.
func parseLimit(text string) (n int, window time.Duration, ok bool) {
	if text == "none" {
		return 0, 0, true
	}
	count, duration, _ := strings.Cut(text, "/")
	n, err1 := strconv.Atoi(count)
	window, err2 := time.ParseDuration(duration)
	return n, window, err1 == nil && err2 == nil && n > 0 && window > 0
}
