package supervise

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/internal/environ"
	"portguard/netdiag/pidfd"
)

// underOwnIdentity is the environment with LISTEN_PIDFDID, by which systemd 258 names the process that LISTEN_PID does, for
// this process, if LISTEN_PID is. A service does not take its sockets when it is another's; and does without it.
func underOwnIdentity(env []string) []string {
	if environ.Get(env, "LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return env
	}
	const name = "LISTEN_PIDFDID="
	id, known := identity()
	all := make([]string, 0, len(env))
	for _, entry := range env {
		if strings.HasPrefix(entry, name) {
			if !known {
				continue
			}
			entry = name + strconv.FormatUint(id, 10)
		}
		all = append(all, entry)
	}
	return all
}

// identity is the number of this process that no other gets: the inode of its pidfd (Linux 6.9; the same for all before, when
// systemd does not go by it).
func identity() (id uint64, known bool) {
	p, err := pidfd.Open(os.Getpid())
	if err != nil {
		return 0, false
	}
	defer p.Close()
	var st unix.Stat_t
	err = unix.Fstat(p.FD(), &st)
	return st.Ino, err == nil
}
