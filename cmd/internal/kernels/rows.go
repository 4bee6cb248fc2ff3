package main

import (
	"path"
	"slices"
	"strings"
)

// row is what has to work, and the tests that show it.
type row struct {
	what string
	pkg  string
	// tests are patterns of path.Match for names of tests and subtests; one that matches stands for all below it, too.
	tests []string
}

// commandTests are those that run the command as a whole.
const commandTests = "cmd/portguard/internal/e2e"

// long tells the rows that the short form leaves out: what takes an emulator minutes, and the command's own tests, whose
// program takes as long to build.
func (r row) long() bool {
	slow := []string{"TestConflictIsTheKernelsRule", "TestTryTakesNoDatagramFromALiveUDPServer", "TestWaitSeesACloseAtOnce"}
	return r.pkg == commandTests || slices.ContainsFunc(r.tests, func(pattern string) bool {
		top, _, _ := strings.Cut(pattern, "/")
		return slices.Contains(slow, top)
	})
}

// section is a group of rows.
type section struct {
	title string
	rows  []row
}

// rows are the table. To have another thing tested on every kernel, name its test here.
func rows() []section {
	const netdiag, sockdiag, pidfd, owner, wrapper, hold, command = "netdiag", "netdiag/sockdiag", "netdiag/pidfd", "netdiag/owner", "wrapper", "wrapper/hold", commandTests
	const kinds = "TestExplainNamesEveryKindOfHolder/"
	return []section{
		{"The verdict", []row{
			{"the conflict rule is the kernel's, TCP", netdiag, []string{"TestConflictIsTheKernelsRule/tcp_*"}},
			{"the conflict rule is the kernel's, UDP", netdiag, []string{"TestConflictIsTheKernelsRule/udp_*"}},
			{"the conflict rule is the kernel's, across VRFs", netdiag, []string{"TestConflictAcrossVRFs"}},
			{"random situations", netdiag, []string{"TestRandomSituations"}},
			{"random situations, ordinary user", netdiag, []string{"TestRandomSituationsAsAnOrdinaryUser"}},
			{"a trial serves nobody and takes nothing", netdiag, []string{"TestTrialHoldsThePortAndServesNobody", "TestTryTakesNoDatagramFromALiveUDPServer"}},
		}},
		{"Who is named", []row{
			{"listener", netdiag, []string{kinds + "listener*"}},
			{"client", netdiag, []string{kinds + "client*", "TestExplainNamesEveryClientOfAPort", "TestExplainNamesASelfConnectedSocketOnce"}},
			{"bound-client", netdiag, []string{kinds + "bound_client", kinds + "bound_client_that*"}},
			{"accepted", netdiag, []string{kinds + "accepted*", "TestExplainNamesConnectionsNotYetAccepted"}},
			{"bound", netdiag, []string{kinds + "bound", kinds + "bound_client_after*"}},
			{"bound, beside other holders", netdiag, []string{"TestExplainNamesABoundSocketBeside*", "TestAskSocket*", "TestUnlistedHoldsItsPort", "TestShowsBound*"}},
			{"remains: TIME_WAIT, FIN_WAIT2", netdiag, []string{kinds + "TIME_WAIT*", kinds + "FIN_WAIT2*", "TestExplainTellsHowLongRemainsLast"}},
			{"closing: an orphan with data to send", netdiag, []string{kinds + "closing*"}},
			{"a socket of the kernel", netdiag, []string{"TestExplainNamesAKernelSocket"}},
			{"across VRFs: only who is in the way", netdiag, []string{"TestExplainAcrossVRFs", "TestSurveyTellsVRFsApart"}},
			{"MPTCP listener and client", netdiag, []string{"TestExplainNamesMPTCPSockets"}},
			{"UDP", netdiag, []string{"TestExplainDecidesUDP"}},
			{"every process that shares a socket", netdiag, []string{"TestExplainNamesAllProcessesThatShareASocket"}},
			{"as an ordinary user", netdiag, []string{"TestExplainAsAnOrdinaryUser", "TestExplainTellsTheUserOfAHolder"}},
			{"an io_uring's fixed file", owner, []string{"TestHintForRing"}},
			{"a descriptor in flight", owner, []string{"TestHintForDescriptorInFlight"}},
			{"a thread's own descriptor table", owner, []string{"TestFindThreadWithOwnTable"}},
		}},
		{"Getting the port", []row{
			{"share: the service starts beside every holder", command, []string{"TestShareEveryKind/a_*", "TestShareEveryKind/clients*"}},
			{"share: TIME_WAIT and FIN_WAIT2 are cleared", command, []string{"TestShareEveryKind/TIME_WAIT", "TestShareEveryKind/what_an_orphan*"}},
			{"share: refused with the reason", command, []string{"TestShareRefused"}},
			{"wait: woken by the destroy event", wrapper, []string{"TestWaitSeesACloseAtOnce"}},
			{"wait: the end of the remains", wrapper, []string{"TestWaitSeesTheEndOfRemains"}},
			{"wait: a reset, a new address, a change of hands", wrapper, []string{"TestWaitSeesAReset", "TestWaitSeesAnAddressAppear", "TestWaitOutlastsAChangeOfHands"}},
			{"close: connections", command, []string{"TestCloseEveryKind/[ESCF]*_WAIT", "TestCloseEveryKind/ESTABLISHED", "TestCloseEveryKind/SYN_SENT", "TestCloseEveryKind/FIN_WAIT2", "TestCloseEveryKind/a_client*"}},
			{"close: TIME_WAIT and FIN_WAIT2", command, []string{"TestCloseEveryKind/TIME_WAIT", "TestCloseEveryKind/FIN_WAIT2_without*"}},
			{"close: orphans with data to send", command, []string{"TestCloseEveryKind/an_orphan*"}},
			{"close: MPTCP", command, []string{"TestCloseEveryKind/MPTCP"}},
			{"close: UDP", command, []string{"TestCloseEveryKind/UDP"}},
			{"close: nothing but what is in the way", command, []string{"TestCloseExactly", "TestCloseListener"}},
			{"close without SOCK_DESTROY", wrapper, []string{"TestCloseWithoutSockDestroy"}},
			{"kill: the owner ends, and the port is free", wrapper, []string{"TestKillEndsTheOwner", "TestKillEndsAllWhoShareTheSocket", "TestKillAfterGraceWhenTheSignalIsIgnored", "TestKillSparesWhoLetsGo"}},
			{"kill: what the process leaves is cleared", wrapper, []string{"TestKillClearsWhatTheProcessLeaves"}},
			{"kill: MPTCP", wrapper, []string{"TestKillOfMPTCP"}},
			{"kill: remains of nobody", wrapper, []string{"TestKillClearsRemains"}},
			{"close and kill as an ordinary user", command, []string{"TestCloseAsTheSameUser"}},
			{"kill as an ordinary user", wrapper, []string{"TestKillByAnOrdinaryUser"}},
			{"no rung harms a bystander in another VRF", wrapper, []string{"TestVictimsInAnotherVRF"}},
			{"a bound, idle socket beside a connection: both or none", wrapper, []string{"TestABoundSocketBesideAConnection", "TestKillOfOneBesideABoundSocketIsNotTried", "TestKillBesideAnothersBoundSocket"}},
		}},
		{"Holding it", []row{
			{"the placeholder keeps connect() out", hold, []string{"TestPlaceholderKeepsOut/connect"}},
			{"the placeholder keeps bind() to port 0 out", hold, []string{"TestPlaceholderKeepsOut/bind"}},
			{"every service binds beside its placeholder", hold, []string{"TestPlaceholderIsInNoServicesWay"}},
			{"a port is held as soon as it is let go", command, []string{"TestHoldTakesOver"}},
		}},
		{"What it rests on", []row{
			{"SOCK_DESTROY frees a connection's port", sockdiag, []string{"TestDestroyFreesThePortOf/a_connection", "TestDestroyIPv4ConnectionOfIPv6Socket", "TestDestroyUDP"}},
			{"SOCK_DESTROY clears TIME_WAIT", sockdiag, []string{"TestDestroyFreesThePortOf/remains"}},
			{"SOCK_DESTROY leaves a socket bound that asked for its port", sockdiag, []string{"TestDestroyedSocketMayKeepItsPort"}},
			{"destroy events", sockdiag, []string{"TestEventComesWhenASocketGoes", "TestEventsAreThoseOfThePortsAskedFor", "TestLostEventsAreReportedOnce"}},
			{"dumps and events for an ordinary user", sockdiag, []string{"TestAllButDestroyNeedsNoPrivilege"}},
			{"pidfd_getfd: the owner's own socket, and no other", pidfd, []string{"TestGetFDIsSameSocket", "TestGetFDNeedsRights"}},
			{"a duplicate is checked against its cookie", netdiag, []string{"TestDuplicateIsTheOwnersSocket", "TestDuplicateRefusesAnotherSocket", "TestDuplicateOfAProcessThatHasEnded", "TestDuplicateNeedsRightsOnTheOwner"}},
			{"descriptors of a thread's own table", pidfd, []string{"TestGetFDReachesAThreadsOwnTable"}},
			{"connect(AF_UNSPEC) frees the port", pidfd, []string{"TestDisconnect*"}},
		}},
	}
}

// covers reports whether the row has the test, or one above it.
func (r row) covers(pkg, test string) bool {
	if pkg != r.pkg {
		return false
	}
	for ; test != "."; test = path.Dir(test) {
		for _, pattern := range r.tests {
			if ok, err := path.Match(pattern, test); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// testPackage is a package with the tests of its rows.
type testPackage struct {
	path  string
	tests []string // top-level ones, as regular expressions
}

func packagesOf(sections []section, short bool) []testPackage {
	var all []testPackage
	for _, s := range sections {
		for _, r := range s.rows {
			if short && r.long() {
				continue
			}
			i := slices.IndexFunc(all, func(p testPackage) bool { return p.path == r.pkg })
			if i < 0 {
				i = len(all)
				all = append(all, testPackage{path: r.pkg})
			}
			for _, pattern := range r.tests {
				top, _, _ := strings.Cut(pattern, "/")
				if top = strings.ReplaceAll(top, "*", ".*"); !slices.Contains(all[i].tests, top) {
					all[i].tests = append(all[i].tests, top)
				}
			}
		}
	}
	return all
}

// flags are the package's own: how many random situations, or trials.
func (p testPackage) flags(short bool) string {
	switch {
	case p.path == riskTests && short:
		return " -risk.trials 40"
	case p.path == riskTests:
		return " -risk.trials 60"
	case p.path != "netdiag":
		return ""
	case short:
		return " -random.n 50"
	}
	return " -random.n 300"
}
