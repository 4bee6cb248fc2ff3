package notify

import (
	"os"
	"strconv"
	"time"

	"portguard/internal/environ"
)

const keepAlive = "WATCHDOG=1"

// startPatience is how long the watchdog of a service that was started again is fed for it, unless it is given longer to be
// ready. At its first start the watchdog waits for READY=1, and systemd for that long (DefaultTimeoutStartSec=).
const startPatience = 90 * time.Second

// watchdog is the unit's, whose clock goes on while there is no service to feed it.
type watchdog struct {
	period time.Duration // how often it has to be fed; 0: there is none
	given  time.Duration // what period was when the unit was started
	runs   bool          // its clock does: the service has said READY=1, or has fed it, which starts the clock as well
	ours   bool          // we feed it, in the service's place
	until  time.Time     // and no longer than this; zero: as long as it takes
}

// watchdogOf reads WATCHDOG_USEC and WATCHDOG_PID, see sd_watchdog_enabled(3).
func watchdogOf(env []string) watchdog {
	if pid := environ.Get(env, "WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return watchdog{} // somebody else's to feed
	}
	period, _ := microseconds(environ.Get(env, "WATCHDOG_USEC"))
	return watchdog{period: period, given: period}
}

// renewed reports whether the last run has set another time, of which the next one knows nothing.
func (w *watchdog) renewed() bool { return w.period != w.given }

// take: the service is gone.
func (w *watchdog) take() { w.ours, w.until = w.runs, time.Time{} }

// expect: a service has been started that is to speak for itself by then.
func (w *watchdog) expect(until time.Time) { w.until = until }

// handBack: the service has spoken. It reports whether we were feeding until now.
func (w *watchdog) handBack() (was bool) {
	w.runs = true
	was, w.ours = w.ours, false
	return was
}

// due reports whether it is still ours to feed.
func (w *watchdog) due(now time.Time) bool {
	if !w.until.IsZero() && now.After(w.until) {
		w.ours = false
	}
	return w.ours && w.period > 0
}
