package notify

import (
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestTheWatchdogIsFedWhileThereIsNoService(t *testing.T) {
	m := listenAsManager(t)
	n, service := proxyTo(t, m, "WATCHDOG_USEC=60000000", "WATCHDOG_PID="+strconv.Itoa(os.Getpid()))
	n.Ended()
	m.expectNothing(t) // it would start a clock that does not run before READY=1
	n.Begun(1, os.Getpid(), 0)
	tell(t, service, "READY=1\nWATCHDOG_USEC=100000")
	m.expect(t, "READY=1\nWATCHDOG_USEC=100000")
	m.expectNothing(t) // it is the service's to feed
	n.Ended()
	began := time.Now()
	for range 4 {
		m.expect(t, keepAlive)
	}
	if took := time.Since(began); took > 20*time.Second { // as the clock of before, of 60 s, would have it
		t.Errorf("four times take %s, want one at once and one each 50 ms", took)
	}
	n.Begun(1, os.Getpid(), 0)
	for text := keepAlive; text == keepAlive; {
		if text, _ = m.next(t, soon); text != keepAlive && text != "WATCHDOG_USEC=60000000" {
			t.Fatalf("%q, want the time that the next run knows of", text)
		}
	}
	tell(t, service, "READY=1")
	m.expect(t, "READY=1")
	m.expect(t, keepAlive)
	m.expectNothing(t)
	if !n.Ends(unix.SIGABRT) || n.Ends(unix.SIGTERM) {
		t.Error("SIGABRT, and only that, is how the watchdog ends a unit")
	}
}

// A service that hangs at its start is not fed for ever.
func TestPatienceWithAStart(t *testing.T) {
	began := time.Now()
	w := watchdog{period: time.Second}
	w.take()
	if w.due(began) {
		t.Error("a clock that does not run yet is fed")
	}
	w.handBack()
	w.take()
	if !w.due(began.Add(time.Hour)) {
		t.Error("not fed while there is no service")
	}
	w.expect(began.Add(startPatience))
	if !w.due(began.Add(startPatience)) {
		t.Error("not fed while it may still start")
	}
	if w.due(began.Add(startPatience + time.Second)) {
		t.Error("fed when it should have started")
	}
}
