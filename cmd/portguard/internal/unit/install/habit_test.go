package install

import (
	"strings"
	"testing"

	"portguard/cmd/portguard/internal/unit/listens"
	"portguard/systemd"
)

// What is known of a server that goes on without its port, or without half of it, is said where it is guarded.
func TestNoteHabit(t *testing.T) {
	const (
		half = "memcached goes on with IPv6 alone when somebody has its port in IPv4, and counts as started: with --ready 30s such a start fails"
		deaf = "xinetd goes on without its port when somebody has it, and counts as started: with --ready 30s such a start fails"
	)
	for _, tt := range []struct {
		name, program, listens string
		ports                  []string
		want                   string
	}{
		{"both families", "/usr/bin/memcached", "", []string{"11211"}, half},
		{"a pair of addresses", "/usr/bin/memcached", "", []string{"127.0.0.1:11211", "[::1]:11211"}, half},
		{"behind a script, once it runs", "/usr/share/memcached/scripts/systemd-memcached-wrapper", "memcached", []string{"11211"}, half},
		{"IPv4 alone", "/usr/bin/memcached", "", []string{"127.0.0.1:11211"}, ""},
		{"one port in IPv4, another in IPv6", "/usr/bin/memcached", "", []string{"127.0.0.1:11211", "[::1]:11212"}, ""},
		{"no port at all", "/usr/sbin/xinetd", "", []string{"127.0.0.1:30010"}, deaf},
		{"one that ends", "/usr/sbin/nginx", "", []string{"80"}, ""},
		{"one that nobody knows", "/usr/bin/order", "", []string{"80"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var given []string
			for _, port := range tt.ports {
				given = append(given, "-p", port)
			}
			in := asked(t, "pre", given...)
			if tt.listens != "" {
				in.running = []listens.Listener{{}, {Process: tt.listens}}
			}
			var p plan
			in.ready = "30s"
			if in.noteHabit(&p, systemd.Service{}); len(p.notes) > 0 {
				t.Errorf("with --ready: %q", p.notes)
			}
			in.ready = ""
			in.noteHabit(&p, systemd.Service{Name: "order.service", ExecStart: []systemd.Exec{{Path: tt.program}}})
			if got := strings.Join(p.notes, "\n"); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
