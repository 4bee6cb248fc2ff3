package sockdiag

import "encoding/binary"

// openedBy tells an active from a passive open by struct tcp_info (include/uapi/linux/tcp.h) and the bytes in the send
// queue (idiag_wqueue). Before either side has closed, every byte sent is either acknowledged or in the queue and not
// waiting there to be sent. Both sides of that sum differ by one when the SYN was ours: bytes_acked counts the sequence
// number that it takes, bytes_sent does not. That is how Linux counts, not a promise: so this is evidence. A kernel
// before 4.19 has no bytes_sent, and a connection by TCP Fast Open or of TCP_REPAIR may fit neither sum.
func openedBy(tcpInfo []byte, sendQueue uint32) Opened {
	const (
		offBytesAcked   = 120 // u64
		offNotsentBytes = 144 // u32
		offBytesSent    = 200 // u64
		offBytesRetrans = 208 // u64
		needed          = 216
	)
	if len(tcpInfo) < needed {
		return OpenUnknown
	}
	native := binary.NativeEndian
	inFlight := uint64(sendQueue) - uint64(native.Uint32(tcpInfo[offNotsentBytes:]))
	sentOnce := native.Uint64(tcpInfo[offBytesSent:]) - native.Uint64(tcpInfo[offBytesRetrans:])
	switch native.Uint64(tcpInfo[offBytesAcked:]) + inFlight - sentOnce {
	case 1:
		return OpenedActively
	case 0:
		return OpenedPassively
	}
	return OpenUnknown
}
