package owner

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// hidepid reports whether this proc file system may hide processes from this user. There is a pid 1 in every pid namespace: where it does
// not show, others do not either. Where it does, as one of this user's own in a container, it is asked how it was mounted.
func (sc *scan) hidepid() bool {
	var st unix.Stat_t
	if errors.Is(unix.Fstatat(sc.root, "1", &st, unix.AT_SYMLINK_NOFOLLOW), unix.ENOENT) {
		return true
	}
	if tracesOthers() {
		return false
	}
	mounts, _, err := readFile(sc.root, "self/mountinfo", nil, 64<<20)
	if err != nil {
		return false
	}
	var mounted unix.Statx_t
	if err := unix.Statx(sc.root, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &mounted); err != nil {
		return false
	}
	hides, but := parseHidepid(mounts, mounted.Mnt_id)
	groups, _ := os.Getgroups() // without them, of none
	return hides && !slices.Contains(append(groups, os.Getegid()), but)
}

// tracesOthers reports whether the capability is in effect that makes others' processes show (CAP_SYS_PTRACE).
func tracesOthers() bool { return capable(unix.CAP_SYS_PTRACE) }

// capable is about the first 32 capabilities.
func capable(capability int) bool {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&hdr, &data[0]) == nil && data[0].Effective&(1<<capability) != 0
}

// parseHidepid tells whether the mount with this id hides processes, and from which group not; -1: from every one.
func parseHidepid(mountinfo []byte, id uint64) (hides bool, but int) {
	for line := range strings.Lines(string(mountinfo)) {
		number, _, _ := strings.Cut(line, " ")
		if number != strconv.FormatUint(id, 10) {
			continue
		}
		but = -1
		traced := false
		_, super, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
		for option := range strings.SplitSeq(super[strings.LastIndexByte(super, ' ')+1:], ",") {
			switch key, value, _ := strings.Cut(option, "="); {
			case option == "hidepid=invisible", option == "hidepid=2": // by number before Linux 5.8
				hides = true
			case option == "hidepid=ptraceable", option == "hidepid=4":
				hides, traced = true, true
			case key == "gid":
				if n, err := strconv.Atoi(value); err == nil {
					but = n
				}
			}
		}
		if traced { // whatever the group
			but = -1
		}
		return hides, but
	}
	return false, -1
}
