package flags

import (
	"fmt"
	"os/user"
	"strconv"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/mend"
	"portguard/netdiag"
	"portguard/systemd"
)

// AsUserFlag stands in the drop-ins of units that set SO_REUSEPORT and run as another user than portguard in front of them.
const AsUserFlag = "--as-user"

// ServicesUser is what the flag says in a drop-in: systemd puts the name of the unit's user there when it starts portguard, also
// where User= has been changed since or is of DynamicUser='s making.
const ServicesUser = "${USER}"

// owner is the user whose socket the service's will be. Where there is no name, as in a unit without User=, it is who asks.
func (o *Endpoint) owner() (netdiag.Owner, error) {
	if o.asUser == "" || o.asUser == ServicesUser {
		return netdiag.Owner{}, nil
	}
	if !o.reusePort {
		return netdiag.Owner{}, cli.Misuse(AsUserFlag+" is about --reuseport, which is not given", "portguard --reuseport "+AsUserFlag+" root -p 30010", mend.Before(AsUserFlag[2:], "--reuseport"))
	}
	uid, ok := UserID(o.asUser)
	if !ok {
		return netdiag.Owner{}, cli.Misuse(fmt.Sprintf("%s %q is neither a number nor in /etc/passwd, nor a user whom systemd has made for a service", AsUserFlag, o.asUser),
			"portguard --reuseport "+AsUserFlag+" 1000 -p 30010", mend.Value(AsUserFlag[2:], o.asUser, "1000"))
	}
	return netdiag.Owner{Other: true, UID: uid}, nil
}

// UserID is the number of a user. Names of a directory service take its C library, which a static program has not.
func UserID(name string) (uint32, bool) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n), true
	}
	if u, err := user.Lookup(name); err == nil {
		n, err := strconv.ParseUint(u.Uid, 10, 32)
		return uint32(n), err == nil
	}
	return systemd.DynamicUser(name)
}
