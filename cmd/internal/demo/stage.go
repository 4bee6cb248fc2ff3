package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// stage is where the story plays.
type stage struct {
	server string // the address that the pool connects to
	port   uint16 // the service's; 0: whichever the kernel gives to the pool
	own    bool   // the network is ours alone
}

// stageEnv holds the directory of the programs, in the process that has a namespace of its own.
const stageEnv = "PORTGUARD_DEMO_STAGE"

// play plays in a network namespace of its own: as root, or as root of a new user namespace; and on the host's loopback
// where neither can be had.
func play() error {
	if dir := os.Getenv(stageEnv); dir != "" {
		s, err := setStage()
		if err != nil {
			return err
		}
		return story(s, programs(dir))
	}
	p, err := preparePrograms() // out here: in there is no network to download modules from
	if err != nil {
		return err
	}
	defer os.RemoveAll(string(p))
	err = nstest.Enter(stageEnv + "=" + string(p))
	if ended := (*exec.ExitError)(nil); err == nil || errors.As(err, &ended) {
		return err
	}
	return story(stage{server: "127.0.0.1:0"}, p)
}

// setStage makes the network of the incident's host, on one device: 10.11.0.5 is this host, 10.11.0.9 another one.
func setStage() (stage, error) {
	if err := nstest.LoopbackUp(); err != nil {
		return stage{}, err
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return stage{}, err
	}
	for _, cidr := range []string{"10.11.0.5/32", "10.11.0.9/32"} {
		addr, err := netlink.ParseAddr(cidr)
		if err != nil {
			return stage{}, err
		}
		if err := netlink.AddrAdd(lo, addr); err != nil {
			return stage{}, fmt.Errorf("add %s: %w", cidr, err)
		}
	}
	err = netlink.RouteReplace(&netlink.Route{
		LinkIndex: lo.Attrs().Index, Table: unix.RT_TABLE_LOCAL, Type: unix.RTN_LOCAL, Scope: netlink.SCOPE_HOST,
		Dst: &net.IPNet{IP: net.IPv4(10, 11, 0, 9).To4(), Mask: net.CIDRMask(32, 32)}, Src: net.IPv4(10, 11, 0, 5).To4(),
	})
	return stage{server: "10.11.0.9:7000", port: 30010, own: true}, err
}

// pickFrom sets the ports that the kernel picks from.
func pickFrom(low, high uint16) error {
	return os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", fmt.Appendf(nil, "%d %d", low, high), 0o644)
}
