package wrapper

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper/decide"
)

// A line about a server's socket names the first of its workers, and says how many more there are.
func TestManyProcesses(t *testing.T) {
	server := func(workers int) *netdiag.Holder {
		h := &netdiag.Holder{Kind: netdiag.Listener, Socket: sockdiag.Socket{Local: netip.MustParseAddrPort("0.0.0.0:80"), State: sockdiag.Listen}}
		for pid := 1; pid <= workers; pid++ {
			h.Owners = append(h.Owners, owner.Process{PID: 100 + pid, Command: "httpd"})
		}
		return h
	}
	policy := decide.Policy{Grace: 10 * time.Second}
	for name, tt := range map[string]struct{ got, want string }{
		"one":       {describe(server(1)), "listening socket of httpd (pid 101) 0.0.0.0:80"},
		"two":       {describe(server(2)), "listening socket of httpd (pid 101) and httpd (pid 102) 0.0.0.0:80"},
		"to end":    {killText(policy, server(2)), "send SIGTERM to pid 101 (httpd) and pid 102 (httpd), and SIGKILL after 10s"},
		"many":      {describe(server(150)), "listening socket of " + strings.Repeat("httpd (pid #) and ", 8) + "142 more 0.0.0.0:80"},
		"many, end": {killText(policy, server(150)), "send SIGTERM to " + strings.Repeat("pid # (httpd) and ", 8) + "142 more, and SIGKILL after 10s"},
	} {
		t.Run(name, func(t *testing.T) {
			want := tt.want
			for pid := 101; strings.Contains(want, "#"); pid++ {
				want = strings.Replace(want, "#", strconv.Itoa(pid), 1)
			}
			if diff := cmp.Diff(want, tt.got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	t.Run("what was tried with each", func(t *testing.T) {
		var all []error
		for range 150 {
			all = append(all, errors.New("no"))
		}
		if diff := cmp.Diff(strings.Repeat("no; ", 8)+"and 142 more", oneLine(all)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}
