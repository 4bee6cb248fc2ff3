package sockdiag

import "testing"

func TestOpenedBy(t *testing.T) {
	for _, tt := range []struct {
		name                    string
		acked, sent, retransmit uint64
		notSent, sendQueue      uint32
		want                    Opened
	}{
		{name: "client, nothing sent", acked: 1, want: OpenedActively},
		{name: "accepted, nothing sent", want: OpenedPassively},
		{name: "client, all acknowledged", acked: 10001, sent: 10000, want: OpenedActively},
		{name: "accepted, all acknowledged", acked: 10000, sent: 10000, want: OpenedPassively},
		{name: "client, some in flight", acked: 4001, sent: 10000, sendQueue: 6000, want: OpenedActively},
		{name: "accepted, full pipe and retransmissions", acked: 4000, sent: 11000, retransmit: 1000,
			sendQueue: 8000, notSent: 2000, want: OpenedPassively},
		{name: "neither fits", acked: 5, sent: 1, want: OpenUnknown},
		{name: "less than sent", acked: 1, sent: 5, want: OpenUnknown},
	} {
		info := make([]byte, 216)
		native.PutUint64(info[120:], tt.acked)
		native.PutUint32(info[144:], tt.notSent)
		native.PutUint64(info[200:], tt.sent)
		native.PutUint64(info[208:], tt.retransmit)
		if got := openedBy(info, tt.sendQueue); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		if got := openedBy(info[:215], tt.sendQueue); got != OpenUnknown {
			t.Errorf("%s, shorter tcp_info: %v, want %v", tt.name, got, OpenUnknown)
		}
	}
}
