package decide

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"portguard/internal/passwd"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
)

// Only narrows whom a rung may touch. Values of one key are alternatives, and so are units of either kind, since a process is in one;
// keys that are given must all match. The zero value matches every process.
type Only struct {
	Users     []string // names or numbers
	Units     []string // globs of units of the system's manager, as path.Match reads them
	UserUnits []string // globs of units of users' managers
	Exes      []string // globs of the executable's whole path
}

// Add reads one KEY=VALUE.
func (o *Only) Add(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok || value == "" {
		return fmt.Errorf("%q is not KEY=VALUE", text)
	}
	if _, err := path.Match(value, ""); err != nil && key != "user" {
		return fmt.Errorf("%q is not a glob", value)
	}
	switch key {
	case "user":
		if n, err := strconv.ParseUint(value, 10, 32); err == nil {
			value = strconv.FormatUint(n, 10)
		}
		o.Users = append(o.Users, value)
	case "unit":
		o.Units = append(o.Units, value)
	case "user-unit":
		o.UserUnits = append(o.UserUnits, value)
	case "exe":
		o.Exes = append(o.Exes, value)
	default:
		return fmt.Errorf("%q is none of user, unit, user-unit, exe", key)
	}
	return nil
}

// Unknown is the first user who is neither a number, nor in /etc/passwd, nor of DynamicUser='s making; "" when there is none. A directory
// service is not asked (package passwd): its users have numbers only, in what is found as well as here.
func (o Only) Unknown() string {
	for _, name := range o.Users {
		if _, err := strconv.ParseUint(name, 10, 32); err == nil {
			continue
		}
		if _, ok := passwd.ByName(name); ok {
			continue
		}
		if _, ok := systemd.DynamicUser(name); !ok {
			return name
		}
	}
	return ""
}

// excludes says what of a process is why it may not be touched, and which --only does not allow that: "" when it may.
func (o Only) excludes(p owner.Process) string {
	unit, _ := systemd.UnitOfCgroup(p.Cgroup)
	switch {
	case len(o.Users) > 0 && p.UserUnknown:
		return "runs as a user who may be any outside this user namespace" + given("user", o.Users)
	case len(o.Users) > 0 && !o.names(p.User, p.UID):
		name := p.User
		if name == "" {
			name = fmt.Sprintf("user %d", p.UID)
		}
		return "runs as " + name + given("user", o.Users)
	case len(o.Units)+len(o.UserUnits) > 0 && !o.hasUnit(unit):
		where := "is in no unit"
		switch {
		case systemd.Outside(p.Cgroup):
			where = "is in no unit that can be told from inside this cgroup namespace"
		case unit.User:
			where = fmt.Sprintf("is in %s of %s", unit.Name, unit.Owner)
		case unit.Name != "":
			where = "is in " + unit.Name
		}
		return where + given("unit", o.Units) + given("user-unit", o.UserUnits)
	case len(o.Exes) > 0 && !matchAny(o.Exes, p.Exe):
		what := p.Exe
		if what == "" {
			what = "what cannot be read"
		}
		return "runs " + what + given("exe", o.Exes)
	}
	return ""
}

// excludesData says why what no process has any more, and still has data to send, may not be taken away: "" when it may. The
// socket tells its user, but for root's, which older kernels (before Linux 6.17) say of every such socket, and the cgroup that it
// was made in; nothing tells what program had it.
func (o Only) excludesData(s sockdiag.Socket, cgroup string) string {
	unit, _ := systemd.UnitOfCgroup(cgroup)
	switch {
	case len(o.Users) > 0 && !o.hasUser(s.UID):
	case len(o.Units)+len(o.UserUnits) > 0 && !o.hasUnit(unit):
	case len(o.Exes) > 0:
	default:
		return ""
	}
	return "no process has it any more, it still has data to send, and nothing tells that it is of those that --only allows: wait for it"
}

// hasUser is about a socket that is nobody's any more, so that 0 is nobody known.
func (o Only) hasUser(uid uint32) bool {
	name, known := owner.UserName(uid)
	return uid != 0 && known && o.names(name, uid)
}

// names: a user without a name in /etc/passwd may be one of DynamicUser='s, whose number is another service's later: it is asked for anew
// each time.
func (o Only) names(name string, uid uint32) bool {
	return slices.ContainsFunc(o.Users, func(given string) bool {
		if name != "" && given == name || given == strconv.FormatUint(uint64(uid), 10) {
			return true
		}
		dynamic, ok := systemd.DynamicUser(given)
		return name == "" && ok && dynamic == uid
	})
}

// hasUnit: a user may call his units what he likes, and the system's after none of them.
func (o Only) hasUnit(u systemd.Unit) bool {
	if u.User {
		return matchAny(o.UserUnits, u.Name)
	}
	return matchAny(o.Units, u.Name)
}

// given is what the flag allows, as it was given.
func given(key string, values []string) string {
	if len(values) == 0 {
		return ""
	}
	return fmt.Sprintf(", --only %s=%s", key, strings.Join(values, " or "))
}

// matchAny is about a name that is known: "*" would match "" as well.
func matchAny(globs []string, name string) bool {
	return name != "" && slices.ContainsFunc(globs, func(g string) bool {
		ok, _ := path.Match(g, name)
		return ok
	})
}
