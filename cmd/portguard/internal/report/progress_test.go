package report

import (
	"bytes"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper"
)

// A wait tells in a log whom it is for, and again when that is somebody else: not with every connection that comes and
// goes.
func TestWaitIsToldWhenItIsForSomebodyElse(t *testing.T) {
	held := func(kind netdiag.Kind, command string, pid int) func(remote string) netdiag.Holder {
		return func(remote string) netdiag.Holder {
			h := netdiag.Holder{Kind: kind, Socket: sockdiag.Socket{State: sockdiag.Established, Remote: netip.MustParseAddrPort(remote)}}
			if command != "" {
				h.Owners = []owner.Process{{PID: pid, Command: command}}
			} else {
				h.Socket.State, h.Absence = sockdiag.TimeWait, netdiag.Ownerless
			}
			return h
		}
	}
	redis, cron, remains := held(netdiag.Client, "redis", 7), held(netdiag.Client, "cron", 8), held(netdiag.Remains, "", 0)
	const theNext = "the next wait"
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		p := &Progress{Log: cli.NewLog(&said)}
		for _, step := range []struct {
			name    string
			after   time.Duration
			holders []netdiag.Holder
			want    string
		}{
			{"the first look", 0, []netdiag.Holder{redis("10.0.0.1:6379")}, "redis (pid 7) has it -> 10.0.0.1:6379"},
			{"nothing has changed", time.Second, []netdiag.Holder{redis("10.0.0.1:6379")}, ""},
			{"to another server", time.Second, []netdiag.Holder{redis("10.0.0.2:6379")}, ""},
			{"to two of them", time.Second, []netdiag.Holder{redis("10.0.0.2:6379"), redis("10.0.0.3:6379")}, ""},
			{"what is left of it", time.Second, []netdiag.Holder{remains("10.0.0.2:6379"), remains("10.0.0.3:6379")},
				"TIME_WAIT of a closed connection to 10.0.0.2:6379 and 1 more"},
			{"somebody else", time.Second, []netdiag.Holder{cron("10.0.0.9:25")}, "cron (pid 8) has it -> 10.0.0.9:25"},
			{"the first one again", time.Second, []netdiag.Holder{redis("10.0.0.1:6379")}, ""},
			{"and still, after a while", retell, []netdiag.Holder{redis("10.0.0.1:6379")}, "redis (pid 7) has it -> 10.0.0.1:6379"},
			{"and still, for good", 2 * retell, []netdiag.Holder{redis("10.0.0.1:6379")}, ""},
			{theNext, time.Second, []netdiag.Holder{redis("10.0.0.1:6379")}, "redis (pid 7) has it -> 10.0.0.1:6379"},
		} {
			time.Sleep(step.after)
			said.Reset()
			if step.name == theNext {
				p.Finish()
			}
			o := &wrapper.Outcome{}
			o.Endpoint = netdiag.Endpoint{Protocol: netdiag.TCP, Port: 1}
			o.Trial.Verdict, o.Holders = netdiag.Taken, step.holders
			p.Waiting(wrapper.Waiting{Outcomes: []*wrapper.Outcome{o}})
			want := step.want
			if want != "" {
				want = "portguard: waiting without limit: 1/tcp: " + want + "\n"
			}
			if got := said.String(); got != want {
				t.Errorf("%s: said %q, want %q", step.name, got, want)
			}
		}
	})
}
