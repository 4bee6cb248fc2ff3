package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

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

// survey surveys one server inside. Once the context is done, the result means nothing.
func (r rig) survey(ctx context.Context, e entry, short bool) result {
	argv := []string{ownPath, "inside", e.name}
	if short {
		argv = append(argv, "short")
	}
	cmd := r.Command(argv...)
	var out bytes.Buffer
	cmd.Stdout = &out
	cmd.WaitDelay = time.Second // nsenter's child, which has stdout as well, ends with the machine
	res := result{Name: e.name}
	err := cmd.Start()
	if err == nil {
		defer context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })() // it may have ended
		err = cmd.Wait()
	}
	if err == nil {
		err = json.Unmarshal(out.Bytes(), &res)
	}
	if err != nil {
		res.Error = fmt.Sprintf("%v: %s", err, out.Bytes())
	}
	return res
}
