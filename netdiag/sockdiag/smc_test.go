package sockdiag

import (
	"encoding/hex"
	"testing"
)

// A listener on 127.0.0.1:30812, and a client; struct smc_diag_msg of a little-endian host.
func TestParseSMC(t *testing.T) {
	const v6 = "fd000000000000000000000000000001"
	const zeros = "000000000000000000000000"
	record := func(family, ports, src, dst string) string {
		return family + "000002" + ports + src + zeros + dst + zeros + "00000000" + "0100000000000000" + "e8030000" + "391b000000000000"
	}
	for _, tt := range []struct{ name, in, local, remote string }{
		{"a listener", record("02", "785c0000", "7f000001", "00000000"), "127.0.0.1:30812", "0.0.0.0:0"},
		{"a client", record("02", "785a1b58", "7f000001", "7f000001"), "127.0.0.1:30810", "127.0.0.1:7000"},
		{"of IPPROTO_SMC, which tells no address", record("00", "785e0000", "00000000", "00000000"), "0.0.0.0:30814", "0.0.0.0:0"},
		{"a listener of IPv6", "0a000002" + "785c0000" + v6 + zeros + "00000000" + "00000000" + "0100000000000000" + "e8030000" + "391b000000000000", "[fd00::1]:30812", "[::]:0"},
	} {
		b, err := hex.DecodeString(tt.in)
		if err != nil || len(b) != smcMsgLen {
			t.Fatal(len(b), err)
		}
		s, err := parseSMC(b)
		if err != nil || s.Local.String() != tt.local || s.Remote.String() != tt.remote || s.UID != 1000 || s.Inode != 6969 {
			t.Errorf("%s: %+v, %v", tt.name, s, err)
		}
		if _, err := parseSMC(b[:smcMsgLen-1]); err == nil {
			t.Errorf("%s: a record cut short is read", tt.name)
		}
	}
}
