package sockdiag

import (
	"encoding/binary"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Message types (include/uapi/linux/sock_diag.h, inet_diag.h).
const (
	msgLegacyTCP = 18 // TCPDIAG_GETSOCK
	msgByFamily  = 20 // SOCK_DIAG_BY_FAMILY
	msgDestroy   = 21 // SOCK_DESTROY; Linux 4.5 for TCP, 4.9 for UDP, CONFIG_INET_DIAG_DESTROY
)

const reqBytecode = 1 // INET_DIAG_REQ_BYTECODE, attribute of a request

// Query says which sockets a Dump is about. The zero value but for Protocol is every socket of the network namespace.
type Query struct {
	Protocol uint8       // IPPROTO_TCP or IPPROTO_UDP
	Family   uint8       // AF_INET, AF_INET6; 0 for both
	States   States      // 0 is AllStates. Listen alone costs microseconds, anything more of TCP milliseconds
	Ports    []PortRange // local ports; nil for every port, while an empty list is none

	// Named leaves out sockets whose port nobody asked for by number in bind(), which are most. To be left out is no proof of an
	// outgoing connection: accepted sockets and all Minisocks are as well.
	Named bool

	// Info asks for the attribute that Opened and ULP are taken from.
	Info bool
}

func (q Query) states() uint32 {
	if q.States == 0 {
		return uint32(AllStates)
	}
	return uint32(q.States)
}

// extensions is idiag_ext: bit N-1 asks for attribute N.
func (q Query) extensions() uint8 {
	if q.Info {
		return 1 << (attrInfo - 1)
	}
	return 0
}

// dumpRequest asks for the sockets of q with a port in ranges, which is what cover made of q.Ports.
//
// One port stands in the id as well: that the kernel compares before anything else, where the bytecode makes it touch most
// of every socket first. Of bound, idle sockets it looks at the bytecode alone.
func dumpRequest(q Query, ranges []PortRange) *nl.NetlinkRequest {
	var id sockID
	if len(ranges) == 1 && ranges[0].First == ranges[0].Last {
		binary.BigEndian.PutUint16(id[0:], ranges[0].First)
	}
	kind, body := msgByFamily, header(q.Family, q.Protocol, q.extensions(), q.states(), id)
	if q.Family == unix.AF_UNSPEC {
		kind, body = msgLegacyTCP, legacyHeader(q.extensions(), q.states(), id)
	}
	req := nl.NewNetlinkRequest(kind, unix.NLM_F_DUMP)
	req.AddRawData(body)
	if prog := bytecode(ranges, q.Named); len(prog) > 0 {
		req.AddRawData(nl.NewRtAttr(reqBytecode, prog).Serialize())
	}
	return req
}

// header is struct inet_diag_req_v2.
func header(family, protocol, extensions uint8, states uint32, id sockID) []byte {
	b := binary.NativeEndian.AppendUint32([]byte{family, protocol, extensions, 0}, states)
	return append(b, id[:]...)
}

// legacyHeader is struct inet_diag_req, of dumps before Linux 3.3. The kernel ignores its family: it walks its tables
// once for both, in half the time of two dumps.
func legacyHeader(extensions uint8, states uint32, id sockID) []byte {
	b := append([]byte{unix.AF_UNSPEC, 0, 0, extensions}, id[:]...)
	b = binary.NativeEndian.AppendUint32(b, states)
	return binary.NativeEndian.AppendUint32(b, 0) // idiag_dbs, without a meaning
}

// sockID is struct inet_diag_sockid: ports and addresses in network byte order, device and cookie native.
type sockID [48]byte

func sockIDOf(s Socket) sockID {
	var id sockID
	binary.BigEndian.PutUint16(id[0:], s.Local.Port())
	binary.BigEndian.PutUint16(id[2:], s.Remote.Port())
	copy(id[4:20], s.Local.Addr().AsSlice()) // an IPv4 address takes the first 4 bytes
	copy(id[20:36], s.Remote.Addr().AsSlice())
	binary.NativeEndian.PutUint32(id[36:], s.Interface)
	binary.NativeEndian.PutUint32(id[40:], uint32(s.Cookie))
	binary.NativeEndian.PutUint32(id[44:], uint32(s.Cookie>>32))
	return id
}

// socketRequest is about the very socket s: its addresses, ports, device and cookie.
func socketRequest(kind, flags int, s Socket, extensions uint8) *nl.NetlinkRequest {
	req := nl.NewNetlinkRequest(kind, flags)
	req.AddRawData(header(s.Family, s.Protocol, extensions, uint32(AllStates), sockIDOf(s)))
	return req
}
