package main

// proof is tests that are run on several kernels, and the table of what came out.
type proof struct {
	document, name string // that has the table, and under which name
	lines          []line
	programs       map[string]string // that the tests run, by name
	packages       []testPackage
	table          func([]column) string
}

// verdicts is what works where.
func verdicts(short bool) proof {
	return proof{"docs/kernels.md", "kernels", everyLine(), programs(short), packagesOf(rows(), short), render}
}

const riskTests = "netdiag/portrange/risk"

// lostPorts is how often services lose their ports, and what audit tells of that.
func lostPorts() proof {
	var some []line
	for _, l := range lines() {
		if !l.uml && l.name != "sid" {
			some = append(some, l)
		}
	}
	some = append(some, backports("6.18"), backports("7.3")) // which has ip_local_port_step_width
	return proof{"docs/audit.md", "chances", some, nil, []testPackage{{path: riskTests, tests: []string{"TestPredictedAgainstCounted"}}}, renderChances}
}
