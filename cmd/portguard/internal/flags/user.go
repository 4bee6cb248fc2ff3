package flags

import (
	"fmt"
	"strconv"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/mend"
	"portguard/internal/passwd"
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
		return netdiag.Owner{}, cli.Misuse(fmt.Sprintf("%s %q is neither a number nor in /etc/passwd, nor a user whom systemd has made for a service; one of a directory service's is given as a number (id -u tells it)", AsUserFlag, o.asUser),
			"portguard --reuseport "+AsUserFlag+" 1000 -p 30010", mend.Value(AsUserFlag[2:], o.asUser, "1000"))
	}
	return netdiag.Owner{Other: true, UID: uid}, nil
}

// UserID is the number of a user. A directory service is not asked for one.
func UserID(name string) (uint32, bool) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n), true
	}
	if u, ok := passwd.ByName(name); ok {
		return u.UID, true
	}
	return systemd.DynamicUser(name)
}
