package decide

import "portguard/netdiag"

// next is the lowest allowed rung above the last one climbed that may help any of the endpoints still wanted.
func (p Policy) Next(climbed Rung, wanted []netdiag.Verdict) (Rung, bool) {
	for r := climbed + 1; r <= Kill; r++ {
		if !p.Allows(r) {
			continue
		}
		for _, v := range wanted {
			if r.helps(v) {
				return r, true
			}
		}
	}
	return Ground, false
}

// helps reports whether the rung can turn the verdict into free at all.
func (r Rung) helps(v netdiag.Verdict) bool {
	return v == netdiag.Taken || r == Wait && v == netdiag.NoAddress
}
