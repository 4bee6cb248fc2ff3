package netdiag_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
)

const nobody = 65534

// An ordinary user sees who holds a port as far as the kernel tells everyone, and is told what is closed to him.
func TestExplainAsAnOrdinaryUser(t *testing.T) {
	x := explainerAs(t, nobody)
	l := newLab(t)
	listed := listsBound(t)
	if !listed {
		t.Log("on this kernel: a socket that is bound and idle is in no table (Linux 6.8): those of others are not found, and it is said that there may be some")
	}
	// Where there may be others, one alone is not for certain what stands in the way.
	hiding := map[string]string{
		"client":   "taken; client ESTABLISHED 10.99.0.1 not-permitted, perhaps",
		"listener": "taken; listener LISTEN :: not-permitted",
		"bound":    "taken",
		"remains":  "taken; remains TIME_WAIT 10.99.0.1 ownerless, perhaps",
		"one of two clients, told by trying its address":    "taken; client ESTABLISHED 10.99.0.1 not-permitted, perhaps",
		"one of two clients of the same address":            "taken; client ESTABLISHED 10.99.0.1 not-permitted, perhaps; client ESTABLISHED 10.99.0.1 not-permitted, perhaps",
		"a placeholder on an address that the host has not": "taken; listener LISTEN 0.0.0.0 not-permitted",
		"a placeholder on every address":                    "taken; listener LISTEN 0.0.0.0 not-permitted",
		"an IPv6 server, whose ipv6only everyone is told":   "taken; client ESTABLISHED 10.99.0.1 not-permitted",
	}
	for _, tt := range []struct {
		name    string
		holders []holders.Spec
		service string
		want    string
	}{
		{"client", []holders.Spec{client("10.99.0.1")}, "*", "taken; client ESTABLISHED 10.99.0.1 not-permitted"},
		{"listener", []holders.Spec{spec(holders.Listen, holders.Named, "::")}, "*", "taken; listener LISTEN :: not-permitted"},
		{"bound", []holders.Spec{spec(holders.Bound, holders.Named, "::")}, "*", "taken; bound CLOSE :: not-permitted"},
		{"remains", []holders.Spec{spec(holders.TimeWait, holders.Picked, "10.99.0.1")}, "*", "taken; remains TIME_WAIT 10.99.0.1 ownerless"},
		{"UDP", []holders.Spec{spec(holders.Bound, holders.Named, "udp 0.0.0.0")}, "udp *", "taken; listener CLOSE 0.0.0.0 not-permitted"},

		{"one of two clients, told by trying its address", []holders.Spec{client("10.99.0.1"), client("10.99.0.2 reuseaddr")}, "*",
			"taken; client ESTABLISHED 10.99.0.1 not-permitted"},
		{"one of two clients of the same address", []holders.Spec{client("10.99.0.1"), client("10.99.0.1 reuseaddr")}, "*",
			"taken; client ESTABLISHED 10.99.0.1 not-permitted, perhaps; client ESTABLISHED 10.99.0.1 not-permitted, perhaps"},
		{"an IPv6 server, whose ipv6only everyone is told", []holders.Spec{client("10.99.0.1 reuseaddr"), spec(holders.Listen, holders.Named, ":: v6only reuseaddr")},
			"0.0.0.0 noreuseaddr", "taken; client ESTABLISHED 10.99.0.1 not-permitted"},
		{"a placeholder on an address that the host has not", []holders.Spec{spec(holders.Listen, holders.Named, "0.0.0.0 reuseaddr"), spec(holders.Bound, holders.Named, "100::1 reuseaddr freebind")},
			"*", "taken; listener LISTEN 0.0.0.0 not-permitted"},
		{"a placeholder on every address", []holders.Spec{spec(holders.Bound, holders.Named, ":: reuseaddr"), spec(holders.Listen, holders.Named, "0.0.0.0 reuseaddr")},
			"*", "taken; listener LISTEN 0.0.0.0 not-permitted"},
		{"UDP with options that only the socket knows", []holders.Spec{spec(holders.Bound, holders.Named, "udp 0.0.0.0 reuseaddr")}, "udp * reuseaddr",
			"taken; listener CLOSE 0.0.0.0 not-permitted, perhaps"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tcp := tt.holders[0].Protocol == unix.IPPROTO_TCP
			if !listed && tcp {
				tt.want = hiding[tt.name]
			}
			l.hold(t, tt.holders...)
			f := x.ask(t, service(tt.service, l.port))
			got := strings.Join(lines(f), "; ")
			if want := !listed && tcp; f.Partial != want {
				t.Errorf("partial: %v, want %v", f.Partial, want)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestExplainTellsTheUserOfAHolder(t *testing.T) {
	x := explainerAs(t, nobody)
	l := newLab(t)
	for _, uid := range []int{0, 1000} {
		of := client("10.99.0.1")
		of.UID = uid
		l.hold(t, of)
		f := x.ask(t, service("*", l.port))
		if len(f.Holders) != 1 || f.Holders[0].Socket.UID != uint32(uid) {
			t.Errorf("a holder of uid %d: %+v", uid, f.Holders)
		}
	}
}
