package owner

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

func TestParseUIDMap(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		has, all   bool
	}{
		{"the first namespace", "         0          0 4294967295\n", true, true},
		{"one below, that has all", "0 0 2147483648\n2147483648 2147483648 2147483647\n", true, true},
		{"root alone", "0 1000 1\n", false, false},
		{"of a container", "0 100000 65536\n", true, false},
		{"rootless, of a user who has few", "0 1000 1\n1 100000 60000\n", false, false},
		{"the last of a range", "65000 0 535\n", true, false},
		{"just before it", "65000 0 534\n", false, false},
		{"not written yet", "", false, false},
		{"of another kind", "0 0\nx 0 1\n", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if has, all := parseUIDMap([]byte(tt.text), 65534); has != tt.has || all != tt.all {
				t.Errorf("has it: %v, want %v; has all: %v, want %v", has, tt.has, all, tt.all)
			}
		})
	}
}

func FuzzParseUIDMap(f *testing.F) {
	f.Add([]byte("0 0 4294967295\n"), uint32(65534))
	f.Add([]byte("0 1000 1\n1 100000 60000\n"), uint32(1))
	f.Fuzz(func(t *testing.T, text []byte, uid uint32) {
		if has, all := parseUIDMap(text, uid); all && len(text) == 0 {
			t.Errorf("has it: %v", has)
		}
	})
}

// A process is looked at from user namespaces that have a number for its user, and from some that have none.
func TestUserSeenFromAUserNamespace(t *testing.T) {
	nstest.Root(t)
	const daemon, nobody = 1, 65534
	one := func(uid int) syscall.SysProcIDMap {
		return syscall.SysProcIDMap{ContainerID: uid, HostID: uid, Size: 1}
	}
	for _, tt := range []struct {
		name    string
		maps    []syscall.SysProcIDMap
		uid     uint32
		user    string
		unknown bool
	}{
		{"the same namespace", nil, nobody, "nobody", false},
		{"one that has all", []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1<<32 - 1}}, nobody, "nobody", false},
		{"one that has this user", []syscall.SysProcIDMap{one(0), one(daemon)}, daemon, "daemon", false},
		{"one that has not", []syscall.SysProcIDMap{one(0)}, daemon, "", true},
		{"one that has a nobody", []syscall.SysProcIDMap{one(0), one(nobody)}, nobody, "", true},
		{"one that has a nobody, of another's process", []syscall.SysProcIDMap{one(0), one(nobody)}, daemon, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			held := start(t, "table", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: tt.uid, Gid: tt.uid}})
			attr := &syscall.SysProcAttr{}
			if tt.maps != nil {
				attr.Cloneflags, attr.UidMappings, attr.GidMappings = unix.CLONE_NEWUSER, tt.maps, []syscall.SysProcIDMap{one(0)}
			}
			var p Process
			if err := json.Unmarshal([]byte(start(t, "process", attr, fmt.Sprintf("PID=%d", held.pid)).ready), &p); err != nil {
				t.Fatal(err)
			}
			if p.User != tt.user || p.UserUnknown != tt.unknown {
				t.Errorf("user %q (%d), unknown: %v; want %q, %v", p.User, p.UID, p.UserUnknown, tt.user, tt.unknown)
			}
		})
	}
}

// processFromEnv says what it sees of another process, in JSON.
func processFromEnv() (string, error) {
	if err := standApart(); err != nil {
		return "", err
	}
	var pid int
	if _, err := fmt.Sscan(os.Getenv("PID"), &pid); err != nil {
		return "", err
	}
	p, err := Scanner{}.Process(pid)
	if err != nil {
		return "", err
	}
	said, err := json.Marshal(p)
	return string(said), err
}
