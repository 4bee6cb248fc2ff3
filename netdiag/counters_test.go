package netdiag

import (
	"net"
	"testing"
)

const snmpText = "Ip: Forwarding DefaultTTL\nIp: 1 64\n" +
	"Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens\nTcp: 1 200 120000 -1 4711 12\n"

func TestParseCounter(t *testing.T) {
	for _, tt := range []struct {
		name, text, counter string
		want                uint64
		fails               bool
	}{
		{"a counter", snmpText, "ActiveOpens", 4711, false},
		{"a kernel that does not count it", snmpText, "TWRecycled", 0, true},
		{"a negative value", snmpText, "MaxConn", 0, true},
		{"values are missing", "Tcp: A ActiveOpens\nTcp: 1\n", "ActiveOpens", 0, true},
		{"names alone", "Tcp: ActiveOpens\n", "ActiveOpens", 0, true},
		{"empty", "", "ActiveOpens", 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseCounter([]byte(tt.text), "Tcp:", tt.counter)
			if got != tt.want || (err != nil) != tt.fails {
				t.Errorf("%d, %v", got, err)
			}
		})
	}
}

func TestCountersCountConnections(t *testing.T) {
	before, err := ReadCounters()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	after, err := ReadCounters()
	if err != nil {
		t.Fatal(err)
	}
	if n := after.ActiveOpens - before.ActiveOpens; n != 1 {
		t.Errorf("one connection counts %d", n)
	}
}

func FuzzParseCounter(f *testing.F) {
	f.Add([]byte(snmpText), "ActiveOpens")
	f.Add([]byte("Tcp: A\nTcp: 18446744073709551616\n"), "A")
	f.Fuzz(func(t *testing.T, text []byte, name string) {
		if n, err := parseCounter(text, "Tcp:", name); err != nil && n != 0 {
			t.Errorf("%d with %v", n, err)
		}
	})
}
