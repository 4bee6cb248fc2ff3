package main

import "portguard/netdiag/portrange"

// The ports. The range from which the kernel picks is that of many a host whose services got in its way.
const (
	rangeLow, rangeHigh = 1024, 65000
	heldLow, heldHigh   = 30000, 30009
	besideHigh          = 30409 // the ports after the held ones, as a control
	waitedPort          = 30410 // of a client that keeps it
	crashingPort        = 30420
	quietPort           = 30421
	serverPort          = 65100 // of the churn
)

func pickFrom(low, high uint16) error {
	return portrange.SetEphemeral(portrange.Range{Low: low, High: high})
}
