package wrapper

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag/owner"
)

func TestOnlyAdd(t *testing.T) {
	for _, tt := range []struct {
		text    string
		want    Only
		problem string
	}{
		{"user=redis", Only{Users: []string{"redis"}}, ""},
		{"user=1000", Only{Users: []string{"1000"}}, ""},
		{"user=[odd", Only{Users: []string{"[odd"}}, ""}, // a name, not a glob
		{"unit=order-*.service", Only{Units: []string{"order-*.service"}}, ""},
		{"exe=/usr/bin/java", Only{Exes: []string{"/usr/bin/java"}}, ""},
		{"exe=/opt/a=b", Only{Exes: []string{"/opt/a=b"}}, ""},

		{"", Only{}, `"" is not KEY=VALUE`},
		{"redis", Only{}, `"redis" is not KEY=VALUE`},
		{"user=", Only{}, `"user=" is not KEY=VALUE`},
		{"=redis", Only{}, `"" is none of user, unit, exe`},
		{"name=redis", Only{}, `"name" is none of user, unit, exe`},
		{"User=redis", Only{}, `"User" is none of user, unit, exe`},
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
	java := owner.Process{User: "app", UID: 1000, Exe: "/opt/jdk/bin/java", Cgroup: "/system.slice/order-1.service"}
	for _, tt := range []struct {
		name    string
		only    []string
		process owner.Process
		want    string // the flag that excludes it
	}{
		{"nothing given", nil, java, ""},
		{"user", []string{"user=app"}, java, ""},
		{"user by number", []string{"user=1000"}, java, ""},
		{"another user", []string{"user=redis"}, java, "--only user="},
		{"a user without a name is its number", []string{"user=1000"}, owner.Process{UID: 1000}, ""},
		{"user is no glob", []string{"user=a*"}, java, "--only user="},
		{"values of one key are alternatives", []string{"user=redis", "user=app"}, java, ""},

		{"unit", []string{"unit=order-1.service"}, java, ""},
		{"unit by glob", []string{"unit=order-?.service"}, java, ""},
		{"another unit", []string{"unit=redis.service"}, java, "--only unit="},
		{"any unit", []string{"unit=*"}, java, ""},
		{"in no unit", []string{"unit=*"}, owner.Process{Cgroup: "/"}, "--only unit="},

		{"exe", []string{"exe=/opt/jdk/bin/java"}, java, ""},
		{"exe by glob", []string{"exe=/opt/*/bin/java"}, java, ""},
		{"a star does not cross a slash", []string{"exe=/opt/*"}, java, "--only exe="},
		{"exe is the whole path", []string{"exe=java"}, java, "--only exe="},
		{"exe not readable", []string{"exe=*"}, owner.Process{}, "--only exe="},

		{"keys must all match", []string{"user=app", "unit=order-*", "exe=/opt/jdk/bin/*"}, java, ""},
		{"one key that does not match is enough", []string{"user=app", "unit=redis.service"}, java, "--only unit="},
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
