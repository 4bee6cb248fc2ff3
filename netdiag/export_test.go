package netdiag

import "portguard/netdiag/owner"

// SeesNoProcess keeps a prober from searching processes from here on.
func (p *Prober) SeesNoProcess() { p.scanner = owner.Scanner{Root: "/nowhere"} }
