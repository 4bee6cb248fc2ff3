package decide

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

func TestOnlyAdd(t *testing.T) {
	for _, tt := range []struct {
		text    string
		want    Only
		problem string
	}{
		{"user=redis", Only{Users: []string{"redis"}}, ""},
		{"user=1000", Only{Users: []string{"1000"}}, ""},
		{"user=0042", Only{Users: []string{"42"}}, ""},
		{"user-unit=app*.service", Only{UserUnits: []string{"app*.service"}}, ""},
		{"user=[odd", Only{Users: []string{"[odd"}}, ""}, // a name, not a glob
		{"unit=order-*.service", Only{Units: []string{"order-*.service"}}, ""},
		{"exe=/usr/bin/java", Only{Exes: []string{"/usr/bin/java"}}, ""},
		{"exe=/opt/a=b", Only{Exes: []string{"/opt/a=b"}}, ""},

		{"", Only{}, `"" is not KEY=VALUE`},
		{"redis", Only{}, `"redis" is not KEY=VALUE`},
		{"user=", Only{}, `"user=" is not KEY=VALUE`},
		{"=redis", Only{}, `"" is none of user, unit, user-unit, exe`},
		{"name=redis", Only{}, `"name" is none of user, unit, user-unit, exe`},
		{"User=redis", Only{}, `"User" is none of user, unit, user-unit, exe`},
		{"unit=[a", Only{}, `"[a" is not a glob`},
		{"exe=a\\", Only{}, `"a\\" is not a glob`},
	} {
		t.Run(tt.text, func(t *testing.T) {
			var o Only
			problem := ""
			if err := o.Add(tt.text); err != nil {
				problem = err.Error()
			}
			if diff := cmp.Diff(tt.problem, problem); diff != "" {
				t.Errorf("error (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, o); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestOnlyExcludes(t *testing.T) {
	session := owner.Process{User: "alice", UID: 1001, Exe: "/usr/bin/order", Cgroup: "/user.slice/user-1001.slice/user@1001.service/app.slice/order-1.service"}
	java := owner.Process{User: "app", UID: 1000, Exe: "/opt/jdk/bin/java", Cgroup: "/system.slice/order-1.service"}
	for _, tt := range []struct {
		name    string
		only    []string
		process owner.Process
		want    string // why it is excluded
	}{
		{"nothing given", nil, java, ""},
		{"user", []string{"user=app"}, java, ""},
		{"user by number", []string{"user=1000"}, java, ""},
		{"another user", []string{"user=redis"}, java, "runs as app, --only user=redis"},
		{"a user without a name is its number", []string{"user=1000"}, owner.Process{UID: 1000}, ""},
		{"user is no glob", []string{"user=a*"}, java, "runs as app, --only user=a*"},
		{"another user, without a name", []string{"user=redis"}, owner.Process{UID: 1000}, "runs as user 1000, --only user=redis"},
		{"values of one key are alternatives", []string{"user=redis", "user=app"}, java, ""},
		{"neither of two", []string{"user=redis", "user=web"}, java, "runs as app, --only user=redis or web"},

		{"unit", []string{"unit=order-1.service"}, java, ""},
		{"unit by glob", []string{"unit=order-?.service"}, java, ""},
		{"another unit", []string{"unit=redis.service"}, java, "is in order-1.service, --only unit=redis.service"},
		{"any unit", []string{"unit=*"}, java, ""},
		{"in no unit", []string{"unit=*"}, owner.Process{Cgroup: "/"}, "is in no unit, --only unit=*"},
		{"a user's unit of the name of the system's", []string{"unit=order-1.service"}, session,
			"is in order-1.service of user@1001.service, --only unit=order-1.service"},
		{"a user's unit is any unit of the system's neither", []string{"unit=*"}, session, "is in order-1.service of user@1001.service, --only unit=*"},
		{"user-unit", []string{"user-unit=order-?.service"}, session, ""},
		{"user-unit of another name", []string{"user-unit=web.service"}, session,
			"is in order-1.service of user@1001.service, --only user-unit=web.service"},
		{"a unit of the system's is no user's", []string{"user-unit=*"}, java, "is in order-1.service, --only user-unit=*"},
		{"units of both kinds are alternatives", []string{"unit=redis.service", "user-unit=order-*"}, session, ""},
		{"neither of both kinds", []string{"unit=redis.service", "user-unit=web*"}, java,
			"is in order-1.service, --only unit=redis.service, --only user-unit=web*"},

		{"exe", []string{"exe=/opt/jdk/bin/java"}, java, ""},
		{"exe by glob", []string{"exe=/opt/*/bin/java"}, java, ""},
		{"a star does not cross a slash", []string{"exe=/opt/*"}, java, "runs /opt/jdk/bin/java, --only exe=/opt/*"},
		{"exe is the whole path", []string{"exe=java"}, java, "runs /opt/jdk/bin/java, --only exe=java"},
		{"exe not readable", []string{"exe=*"}, owner.Process{}, "runs what cannot be read, --only exe=*"},

		{"keys must all match", []string{"user=app", "unit=order-*", "exe=/opt/jdk/bin/*"}, java, ""},
		{"one key that does not match is enough", []string{"user=app", "unit=redis.service"}, java, "is in order-1.service, --only unit=redis.service"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var o Only
			for _, text := range tt.only {
				if err := o.Add(text); err != nil {
					t.Fatal(err)
				}
			}
			if got := o.excludes(tt.process); got != tt.want {
				t.Errorf("excludes() = %q, want %q", got, tt.want)
			}
		})
	}
}

// A name that nobody has is a mistyped one; a number may be anybody's.
// Data of a connection that no process has any more is somebody's: where nothing tells that --only allows him, it is left alone.
func TestOnlySparesDataUnderWay(t *testing.T) {
	const pool = "/system.slice/pool.service"
	const redis = 33 // www-data, to have a name
	orphan := func(uid uint32, cgroup string) netdiag.Holder {
		return netdiag.Holder{Kind: netdiag.Closing, Absence: netdiag.Ownerless, Certain: true, Cgroup: cgroup, Socket: sockdiag.Socket{UID: uid}}
	}
	for _, tt := range []struct {
		name   string
		only   Only
		holder netdiag.Holder
		may    bool
	}{
		{"nothing is narrowed", Only{}, orphan(redis, pool), true},
		{"its user's", Only{Users: []string{"33"}}, orphan(redis, ""), true},
		{"its user's, by name", Only{Users: []string{"www-data"}}, orphan(redis, ""), true},
		{"another user's", Only{Users: []string{"daemon"}}, orphan(redis, ""), false},
		{"root's, or one of which the kernel does not tell", Only{Users: []string{"root"}}, orphan(0, ""), false},
		{"its unit's", Only{Units: []string{"pool.service"}}, orphan(redis, pool), true},
		{"another unit's", Only{Units: []string{"cache.service"}}, orphan(redis, pool), false},
		{"in no unit that is known", Only{Units: []string{"*"}}, orphan(redis, ""), false},
		{"its user's and another unit's", Only{Users: []string{"33"}, Units: []string{"cache.service"}}, orphan(redis, pool), false},
		{"of whatever program", Only{Exes: []string{"*"}}, orphan(redis, pool), false},
		{"without data", Only{Users: []string{"daemon"}}, netdiag.Holder{Kind: netdiag.Remains, Absence: netdiag.Ownerless, Certain: true}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			judge := Judge{Policy: Policy{Close: true, Kill: true, Only: tt.only}}
			for _, r := range []Rung{Close, RestartUnit, Kill} {
				if d := judge.Decide(r, tcp(30010), &tt.holder); d.GoAhead() != tt.may {
					t.Errorf("%s: %+v", r, d)
				}
			}
		})
	}
}

func TestOnlyUnknown(t *testing.T) {
	for text, want := range map[string]string{
		"user=root": "", "user=0": "", "user=4294967295": "", "unit=nobody-has-this": "",
		"user=nobody-has-this": "nobody-has-this", "user=-1": "-1", "user=4294967296": "4294967296",
	} {
		var o Only
		if err := errors.Join(o.Add("user=root"), o.Add(text)); err != nil {
			t.Fatal(err)
		}
		if got := o.Unknown(); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
