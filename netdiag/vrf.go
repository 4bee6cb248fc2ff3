package netdiag

import (
	"os"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"portguard/netdiag/sockdiag"
)

// Of TCP ports each VRF has its own. A socket is kept with those of the VRF that its device belongs to, or with the host's
// when net.ipv4.tcp_l3mdev_accept is set (inet_sk_bound_l3mdev of include/net/inet_sock.h). Either was decided when it got
// its port: a change of the sysctl, of the socket's device, or of the device's VRF moves nothing. No table tells.

// vrfsOf are the VRFs that the devices of some sockets belong to, by device. A device that is gone, or cannot be asked
// about, may have been a VRF of its own.
func vrfsOf(pieces ...[]sockdiag.Socket) map[uint32]uint32 {
	var all map[uint32]uint32
	for _, sockets := range pieces {
		for i := range sockets {
			device := sockets[i].Interface
			if _, known := all[device]; known || device == 0 {
				continue
			}
			if all == nil {
				all = map[uint32]uint32{}
			}
			all[device] = vrfOf(device)
		}
	}
	return all
}

// vrfOf is the index of the VRF that a device is or belongs to, 0 for none.
func vrfOf(device uint32) uint32 {
	if device == 0 {
		return 0
	}
	ask := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_ACK)
	about := nl.NewIfInfomsg(unix.AF_UNSPEC)
	about.Index = int32(device)
	ask.AddData(about)
	links, err := ask.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWLINK)
	if err != nil || len(links) != 1 {
		return device
	}
	vrf, err := parseVRF(device, links[0])
	if err != nil {
		return device
	}
	return vrf
}

// parseVRF reads struct ifinfomsg and the attributes that rtnetlink sends of a device.
func parseVRF(device uint32, link []byte) (uint32, error) {
	if len(link) < unix.SizeofIfInfomsg {
		return 0, unix.EINVAL
	}
	attrs, err := nl.ParseRouteAttr(link[unix.SizeofIfInfomsg:])
	if err != nil {
		return 0, err
	}
	var master uint32
	var kind, slaveOf string
	for _, a := range attrs {
		switch {
		case a.Attr.Type == unix.IFLA_MASTER && len(a.Value) >= 4:
			master = nl.NativeEndian().Uint32(a.Value)
		case a.Attr.Type == unix.IFLA_LINKINFO:
			infos, err := nl.ParseRouteAttr(a.Value)
			if err != nil {
				return 0, err
			}
			for _, info := range infos {
				switch info.Attr.Type {
				case nl.IFLA_INFO_KIND:
					kind = unix.ByteSliceToString(info.Value)
				case nl.IFLA_INFO_SLAVE_KIND:
					slaveOf = unix.ByteSliceToString(info.Value)
				}
			}
		}
	}
	switch {
	case kind == "vrf":
		return device, nil
	case slaveOf == "vrf":
		return master, nil
	}
	return 0, nil
}

// servicesVRF is where the kernel keeps the port of a service that is bound to a device: by `ip vrf exec`, or by the zone of
// its address.
func servicesVRF(c Claim) uint32 {
	if c.Device == 0 || acceptsAcrossVRFs() {
		return 0
	}
	return vrfOf(c.Device)
}

// acceptsAcrossVRFs reads net.ipv4.tcp_l3mdev_accept, which a kernel without VRFs does not have.
func acceptsAcrossVRFs() bool {
	b, err := os.ReadFile("/proc/sys/net/ipv4/tcp_l3mdev_accept")
	return err == nil && strings.TrimSpace(string(b)) == "1"
}

// boundDevice is the index of the device that a socket is bound to, 0 for none.
func boundDevice(fd int) uint32 {
	device, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX)
	if err != nil {
		return 0
	}
	return uint32(device)
}
