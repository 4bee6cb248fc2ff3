package main

import (
	"encoding/json"
	"fmt"
	"testing"

	"portguard/systemd/rigtest"
)

// rig is a machine for one server at a time: a systemd of its own on top of a root directory that has the servers' packages.
type rig struct{ *rigtest.System }

const ownPath = "/usr/local/bin/servers" // where this program is in it

// boot boots one, with the programs that are surveyed and that survey.
func boot(t testing.TB, root string, own, guard string) rig {
	r := rig{rigtest.Boot(t, root)}
	r.Install(t, guard, portguard)
	r.Install(t, own, ownPath)
	r.Shell(t, "ip link set lo up", "hostname localhost", "mkdir -p /run/lock")
	return r
}

// survey surveys one server inside.
func (r rig) survey(e entry, short bool) result {
	argv := []string{ownPath, "inside", e.name}
	if short {
		argv = append(argv, "short")
	}
	out, err := r.Command(argv...).Output()
	res := result{Name: e.name}
	if err == nil {
		err = json.Unmarshal(out, &res)
	}
	if err != nil {
		res.Error = fmt.Sprintf("%v: %s", err, out)
	}
	return res
}
