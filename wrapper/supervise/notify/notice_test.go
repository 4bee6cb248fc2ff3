package notify

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsPassedOn(t *testing.T) {
	all := strings.Join([]string{"READY=1", "RELOADING=1", "MONOTONIC_USEC=17", "STATUS=ä\tb=c", "ERRNO=2", "BUSERROR=a.b", "WATCHDOG=1",
		"EXTEND_TIMEOUT_USEC=5", "FDSTORE=1", "FDNAME=x", "FDPOLL=0", "FDSTOREREMOVE=1", "BARRIER=1", "NOTIFYACCESS=all", "X_OWN=y", "no sign"}, "\n")
	for _, tt := range []struct {
		name, message string
		final         bool
		want          notice
	}{
		{"everything else goes through as it is", all, false, notice{text: []byte(all), ready: true, fed: true}},
		{"the main process is portguard", "MAINPID=7\nREADY=1\n", false, notice{text: []byte("READY=1\n"), ready: true}},
		{"by whatever name", "MAINPIDFDID=7\nMAINPIDFD=1\nMAINPID=7", true, notice{}},
		{"between carriage returns", "X=1\rMAINPID=7\rY=1", false, notice{text: []byte("X=1\rY=1")}},
		{"behind backslashes", `\MAIN\PID=7` + "\n" + `STATUS=C:\temp`, false, notice{text: []byte(`STATUS=C:\temp`)}},
		{"the unit does not stop with the service", "STATUS=bye\nSTOPPING=1", false, notice{text: []byte("STATUS=bye\n")}},
		{"but for the last time", "STATUS=bye\nSTOPPING=1", true, notice{text: []byte("STATUS=bye\nSTOPPING=1")}},
		{"a C string with its end", "STOPPING=1\x00", false, notice{}},
		{"a status is no command", "STATUS=STOPPING=1\nSTATUS=MAINPID=7", false, notice{text: []byte("STATUS=STOPPING=1\nSTATUS=MAINPID=7")}},
		{"another time for the watchdog", "WATCHDOG_USEC=2500000", false,
			notice{text: []byte("WATCHDOG_USEC=2500000"), watchdog: 2500 * time.Millisecond, renewed: true}},
		{"no watchdog", "WATCHDOG_USEC=0", false, notice{text: []byte("WATCHDOG_USEC=0"), renewed: true}},
		{"a time that is none", "WATCHDOG_USEC=9223372036854775807\nWATCHDOG_USEC=-1\nWATCHDOG_USEC=", false,
			notice{text: []byte("WATCHDOG_USEC=9223372036854775807\nWATCHDOG_USEC=-1\nWATCHDOG_USEC=")}},
		{"not quite", "READY=10\nWATCHDOG=trigger\nSTOPPING=0", false, notice{text: []byte("READY=10\nWATCHDOG=trigger\nSTOPPING=0")}},
		{"nothing", "", false, notice{}},
		{"nothing but ends", "\n\r\x00", false, notice{}},
		{"bytes that are no text", "\xff\x00\x80", false, notice{text: []byte("\xff\x00\x80")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, readNotice([]byte(tt.message), tt.final), cmp.AllowUnexported(notice{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func FuzzReadNotice(f *testing.F) {
	// As sent by nginx, by systemd-notify 252 and 257 (--ready --status=..., --reloading), and by sd_notify_barrier(3).
	for _, seed := range []string{
		"READY=1\n", "MAINPID=2103\nREADY=1\nSTATUS=serving", "RELOADING=1\nMONOTONIC_USEC=1823736409", "BARRIER=1",
		"MAINPID=2103\nMAINPIDFDID=9041\nREADY=1", "WATCHDOG=1", "WATCHDOG_USEC=30000000", "STOPPING=1\r\nSTATUS=x\x00", "FDSTORE=1\nFDPOLL=0\nFDNAME=a",
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	lines := func(b []byte) (all []string) {
		return strings.FieldsFunc(strings.ReplaceAll(string(b), "\x00", "\n"), func(r rune) bool { return r == '\n' || r == '\r' })
	}
	f.Fuzz(func(t *testing.T, message []byte, final bool) {
		before := bytes.Clone(message)
		n := readNotice(message, final)
		if !bytes.Equal(before, message) {
			t.Fatal("the message itself was changed")
		}
		want := []string{}
		for _, line := range lines(message) {
			plain := strings.ReplaceAll(line, `\`, "")
			if !strings.HasPrefix(plain, "MAINPID") && (final || plain != "STOPPING=1") {
				want = append(want, line)
			}
		}
		if bytes.IndexByte(message, 0) >= 0 {
			return // systemd takes no such message, unless at its end
		}
		if diff := cmp.Diff(want, lines(n.text)); diff != "" {
			t.Errorf("%q: (-want +got)\n%s", message, diff)
		}
		if len(want) == len(lines(message)) && len(want) > 0 && !bytes.Equal(n.text, message) {
			t.Errorf("%q was not passed on as it is: %q", message, n.text)
		}
	})
}
