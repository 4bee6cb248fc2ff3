package names

import (
	"testing"

	"portguard/netdiag/owner"
	"portguard/wrapper/decide"
)

func TestFromText(t *testing.T) {
	parents := func(names ...string) (all []owner.Stat) {
		for i, name := range names {
			all = append(all, owner.Stat{PID: 10 + i, Command: name})
		}
		return all
	}
	for _, tt := range []struct {
		name string
		from decide.Origin
		want string
	}{
		{"a login", decide.Origin{Parents: parents("bash", "sshd"), Dir: "/srv/app"}, "nginx <- bash <- sshd, in /srv/app"},
		{"its parent has ended", decide.Origin{Dir: "/srv/app"}, "nginx, in /srv/app"},
		{"its directory is not readable", decide.Origin{Parents: parents("cron")}, "nginx <- cron"},
		{"a long line", decide.Origin{Parents: parents("a", "b", "c", "d", "e", "f", "g")}, "nginx <- a <- b <- c <- d <- e <- f <- ..."},
		{"hostile names", decide.Origin{Parents: parents("a\nb"), Dir: "/\x1b[2J"}, `nginx <- a\nb, in /\x1b[2J`},
		{"of a service", decide.Origin{}, ""},
	} {
		if got := fromText(owner.Process{Command: "nginx"}, tt.from); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
