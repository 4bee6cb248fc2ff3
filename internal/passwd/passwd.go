// Package passwd answers one question: who is in /etc/passwd? A directory service (LDAP, sssd) is not asked: that takes the C library,
// which a static program has not and a plain build has, and an answer may take minutes where the service has got stuck.
//
// It stands beside the three floors because all of them ask.
package passwd

import (
	"bufio"
	"bytes"
	"io"
	"math"
	"os"
	"strconv"
)

// User is a line of it.
type User struct {
	Name string
	UID  uint32
	Home string
}

// ByUID is the first user of a number.
func ByUID(uid uint32) (User, bool) {
	return first(func(u User) bool { return u.UID == uid })
}

// ByName is the first user of a name.
func ByName(name string) (User, bool) {
	return first(func(u User) bool { return u.Name == name })
}

func first(is func(User) bool) (User, bool) {
	file, err := os.Open("/etc/passwd")
	if err != nil {
		return User{}, false // a root directory without users
	}
	defer file.Close()
	return firstIn(file, is)
}

func firstIn(file io.Reader, is func(User) bool) (User, bool) {
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, math.MaxInt) // a long line hides nobody who comes after it
	for lines.Scan() {
		if u, ok := parse(lines.Bytes()); ok && is(u) {
			return u, true
		}
	}
	return User{}, false
}

// parse reads name:password:uid:gid:comment:home:shell (passwd(5)). Lines that begin with + or - are about NIS.
func parse(line []byte) (User, bool) {
	f := bytes.Split(bytes.TrimSpace(line), []byte(":"))
	if len(f) < 6 || len(f[0]) == 0 || bytes.IndexByte([]byte("#+-"), f[0][0]) >= 0 {
		return User{}, false
	}
	uid, err := strconv.ParseUint(string(f[2]), 10, 32)
	if err != nil {
		return User{}, false
	}
	return User{Name: string(f[0]), UID: uint32(uid), Home: string(f[5])}, true
}
