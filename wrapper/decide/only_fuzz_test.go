package decide

import (
	"slices"
	"testing"

	"portguard/netdiag/owner"
)

// Whatever --only is given, and whatever a process and its cgroup are called: a value narrows or is refused, it never
// widens. A process that no name is known of is touched by no glob.
func FuzzOnly(f *testing.F) {
	f.Add("user=redis", "redis", "/usr/bin/redis-server", "/system.slice/redis.service")
	f.Add("unit=order-*.service", "root", "/usr/bin/java", "/system.slice/order-1.service")
	f.Add("exe=*", "", "", "")
	f.Add("user-unit=x*", "alice", "/usr/bin/x", "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service")
	f.Add(`unit=[a-\]b]*`, "a\x1b[0m", "/tmp/\n", "/system.slice/a\\x2db.service/x")
	f.Add("user=4294967295", "", "/a (deleted)", "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service")
	f.Fuzz(func(t *testing.T, text, user, exe, cgroup string) {
		p := owner.Process{PID: 7, UID: 1000, User: user, Exe: exe, Cgroup: cgroup}
		var o Only
		if err := o.Add(text); err != nil {
			if len(o.Users)+len(o.Units)+len(o.UserUnits)+len(o.Exes) > 0 {
				t.Errorf("%q is refused (%v), and yet %+v", text, err, o)
			}
			return
		}
		if n := len(o.Users) + len(o.Units) + len(o.UserUnits) + len(o.Exes); n != 1 {
			t.Fatalf("%q adds %d values", text, n)
		}
		if len(o.Users) == 1 && o.excludes(p) == "" && o.Users[0] != user && o.Users[0] != "1000" {
			t.Errorf("%q lets user %q be touched", text, user)
		}
		if nobody := (owner.Process{PID: 7, UID: 1000}); len(o.Users) == 0 && o.excludes(nobody) == "" {
			t.Errorf("%q lets a process be touched of which nothing is known", text)
		}
		both := Only{Users: slices.Clone(o.Users), Units: o.Units, UserUnits: o.UserUnits, Exes: o.Exes}
		if err := both.Add("user=nobody-else"); err != nil {
			t.Fatal(err)
		}
		if len(o.Users) == 0 && both.excludes(p) == "" && user != "nobody-else" {
			t.Errorf("a second key widens %q", text)
		}
	})
}
