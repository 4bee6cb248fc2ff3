package install

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag"
	"portguard/systemd"
)

// activatedPorts are the ports whose sockets systemd itself has open for the service, and by which unit.
func activatedPorts(ctx context.Context, m *systemd.Manager, svc systemd.Service) (map[netdiag.Port]string, error) {
	ports := map[netdiag.Port]string{}
	for _, unit := range svc.TriggeredBy {
		if !strings.HasSuffix(unit, ".socket") {
			continue
		}
		listens, err := m.Listens(ctx, unit)
		if err != nil {
			return nil, err
		}
		for _, l := range listens {
			if k, ok := inetKey(l); ok {
				ports[k] = unit
			}
		}
	}
	return ports, nil
}

// inetKey reads the address of a .socket unit; false for one that has no port, such as a path.
func inetKey(l systemd.Listen) (netdiag.Port, bool) {
	k := netdiag.Port{Protocol: netdiag.TCP}
	switch l.Type {
	case "Stream":
	case "Datagram":
		k.Protocol = netdiag.UDP
	default:
		return k, false
	}
	_, text, err := net.SplitHostPort(l.Address)
	if err != nil {
		return k, false
	}
	port, err := strconv.ParseUint(text, 10, 16)
	k.Number = uint16(port)
	return k, err == nil
}

func activatedError(svc systemd.Service, e netdiag.Endpoint, unit string) error {
	return cli.Misuse(fmt.Sprintf("%s is open in systemd itself (%s), which hands the socket to %s: the port is never free, so there is nothing to guard", e, unit, svc.Name), "systemctl status "+unit)
}
