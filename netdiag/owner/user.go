package owner

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"portguard/internal/passwd"
)

// UserName is the name that a user's number has here, "" for none. known is false where the number may be anybody's: the kernel
// gives one number, that of nobody by custom, for every user whom the caller's user namespace has no number for.
func UserName(uid uint32) (name string, known bool) {
	u := lookupUser(uid)
	return u.name, u.known
}

// userName is what is known of a number.
type userName struct {
	name  string
	known bool // the number is nobody else's
	has   bool // our user namespace has the number, whoever else it is given for
}

func lookupUser(uid uint32) userName {
	u := userName{known: true, has: true}
	if entry, ok := passwd.ByUID(uid); ok {
		u.name = entry.Name
	}
	if uid != overflowUID() {
		return u
	}
	ids, err := os.ReadFile("/proc/self/uid_map")
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat("/proc/self") // a kernel without user namespaces
		u.known = err == nil
		return u
	}
	if u.has, u.known = parseUIDMap(ids, uid); !u.has {
		u.name = ""
	}
	return u
}

// overflowUID is the kernel's number for those that have none.
func overflowUID() uint32 {
	const byDefault = 65534 // DEFAULT_OVERFLOWUID
	text, err := os.ReadFile("/proc/sys/kernel/overflowuid")
	n, bad := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	if err != nil || bad != nil {
		return byDefault
	}
	return uint32(n)
}

// parseUIDMap tells whether a user namespace has a number, and whether it has one for every user. Lines are of the first number in it,
// the first outside, and how many.
func parseUIDMap(text []byte, uid uint32) (has, all bool) {
	const every = 1<<32 - 1 // but the last, which is none
	total := uint64(0)
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		first, err := strconv.ParseUint(f[0], 10, 32)
		count, err2 := strconv.ParseUint(f[2], 10, 32)
		if err != nil || err2 != nil {
			continue
		}
		total += count
		has = has || uint64(uid) >= first && uint64(uid) < first+count
	}
	return has, total >= every
}
