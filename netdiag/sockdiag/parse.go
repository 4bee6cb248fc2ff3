package sockdiag

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/attr"
)

// Attributes of a record (include/uapi/linux/inet_diag.h). The kernel sends SKV6ONLY and CGROUP_ID unasked.
const (
	attrInfo     = 2  // INET_DIAG_INFO: struct tcp_info
	attrV6Only   = 11 // INET_DIAG_SKV6ONLY: u8
	attrULPInfo  = 19 // INET_DIAG_ULP_INFO: nested
	attrCgroupID = 21 // INET_DIAG_CGROUP_ID: u64

	ulpName = 1 // INET_ULP_INFO_NAME inside ULP_INFO
)

const diagMsgLen = 72 // struct inet_diag_msg

// parseMessage reads the body of one netlink message: struct inet_diag_msg, then attributes. Ports and addresses are in
// network byte order, all else is native. The record does not name its protocol, so Protocol stays 0.
func parseMessage(b []byte) (Socket, error) {
	if len(b) < diagMsgLen {
		return Socket{}, fmt.Errorf("record of %d bytes, shorter than its header", len(b))
	}
	native := binary.NativeEndian
	s := Socket{
		Family:      b[0],
		State:       State(b[1]),
		Timer:       b[2],
		Retransmits: b[3],
		Interface:   native.Uint32(b[40:]),
		Cookie:      uint64(native.Uint32(b[44:])) | uint64(native.Uint32(b[48:]))<<32, // two u32, the low one first
		Expires:     time.Duration(native.Uint32(b[52:])) * time.Millisecond,
		RecvQueue:   native.Uint32(b[56:]),
		SendQueue:   native.Uint32(b[60:]),
		UID:         native.Uint32(b[64:]),
		Inode:       native.Uint32(b[68:]),
	}
	local, err := parseAddr(s.Family, b[8:24])
	if err != nil {
		return Socket{}, err
	}
	remote, err := parseAddr(s.Family, b[24:40])
	if err != nil {
		return Socket{}, err
	}
	s.Local = netip.AddrPortFrom(local, binary.BigEndian.Uint16(b[4:]))
	s.Remote = netip.AddrPortFrom(remote, binary.BigEndian.Uint16(b[6:]))
	err = attr.Each(b[diagMsgLen:], func(kind uint16, value []byte) error { return s.setAttr(kind, value) })
	if err != nil {
		return Socket{}, err
	}
	return s, nil
}

func parseAddr(family uint8, b []byte) (netip.Addr, error) {
	switch family {
	case unix.AF_INET:
		return netip.AddrFrom4([4]byte(b)), nil
	case unix.AF_INET6:
		return netip.AddrFrom16([16]byte(b)), nil
	}
	return netip.Addr{}, fmt.Errorf("record of address family %d", family)
}

// setAttr needs State and SendQueue to be set.
func (s *Socket) setAttr(kind uint16, value []byte) error {
	switch kind {
	case attrV6Only:
		if len(value) != 1 {
			return fmt.Errorf("INET_DIAG_SKV6ONLY of %d bytes", len(value))
		}
		s.V6Only = No
		if value[0] != 0 {
			s.V6Only = Yes
		}
	case attrCgroupID:
		if len(value) != 8 {
			return fmt.Errorf("INET_DIAG_CGROUP_ID of %d bytes", len(value))
		}
		s.CgroupID = binary.NativeEndian.Uint64(value)
	case attrULPInfo:
		return attr.Each(value, func(kind uint16, value []byte) error {
			if kind == ulpName {
				s.ULP = unix.ByteSliceToString(value)
			}
			return nil
		})
	case attrInfo:
		if s.State == Established || s.State == CloseWait {
			s.Opened = openedBy(value, s.SendQueue)
		}
	}
	return nil
}
