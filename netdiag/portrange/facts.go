package portrange

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"
)

// The sysctls that matter beside the two.
const (
	KernelUnprivileged Kernel = "net/ipv4/ip_unprivileged_port_start"
	KernelFinTimeout   Kernel = "net/ipv4/tcp_fin_timeout"
	KernelReuse        Kernel = "net/ipv4/tcp_tw_reuse"
	KernelStepWidth    Kernel = "net/ipv4/ip_local_port_step_width"
	KernelUDPTable     Kernel = "net/ipv4/udp_hash_entries"
)

// TimeWait is how long a closed connection keeps its port at the side that closed first (TCP_TIMEWAIT_LEN of the kernel).
const TimeWait = 60 * time.Second

// Facts are the settings of a network namespace that decide which ports are handed out, and how soon they come back.
type Facts struct {
	Range        Range
	Reserved     Set
	Unprivileged uint16        // the lowest port that takes no CAP_NET_BIND_SERVICE
	FinTimeout   time.Duration // of FIN_WAIT2, whose process has closed it, and its peer has not
	// Reuse is tcp_tw_reuse: whether connect() may take the port of a TIME_WAIT to the same destination after a second.
	// 0 no, 1 yes, 2 on loopback only.
	Reuse int
	// StepWidth is ip_local_port_step_width, of Linux 7.1 and newer: how far connect() goes at most from a port that will not do to the next
	// that it tries, in ports of one parity. 0: to the next one.
	StepWidth int
	// UDPTable is how many places the kernel's table of UDP sockets has, by which it picks ports for them; 0 where it does not tell (before Linux 6.2).
	UDPTable int
}

// ReadFacts reads them. It needs no privilege.
func ReadFacts() (Facts, error) {
	var f Facts
	var err error
	if f.Range, err = Ephemeral(); err != nil {
		return f, err
	}
	if f.Reserved, err = Reserved(); err != nil {
		return f, err
	}
	lowest, err := KernelUnprivileged.number()
	if err != nil {
		return f, err
	}
	seconds, err := KernelFinTimeout.number()
	if err != nil {
		return f, err
	}
	if f.Reuse, err = KernelReuse.number(); err != nil {
		return f, err
	}
	f.StepWidth, err = KernelStepWidth.number()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	f.UDPTable, err = KernelUDPTable.number()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	f.UDPTable = max(f.UDPTable, -f.UDPTable) // below 0 in a network namespace that has no table of its own
	f.Unprivileged, f.FinTimeout = uint16(lowest), time.Duration(seconds)*time.Second
	return f, nil
}

func (k Kernel) number() (int, error) {
	text, err := k.read()
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s reads %q, not a number", k.Dotted(), text)
	}
	return n, nil
}
