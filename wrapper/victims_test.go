package wrapper

import (
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/internal/needs"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

var (
	victimsN    = flag.Int("victims.n", 24, "rounds of each row of TestVictims; of the slow ones, fewer")
	victimsSeed = flag.Uint64("victims.seed", 0, "seed of TestVictims, 0 for a new one every time")
)

// Between the moment in which a holder is found and the moment in which something is done about it, the process may end
// and its pid be another's, and the descriptor or the connection may be another one by then. Each row lets that happen at
// this very place, with real processes; the bystander proves afterwards that it was not touched: no signal has reached it,
// its SO_REUSEADDR is off, its connection carries bytes. In some rounds nothing happens in between, and the holder must
// have been reached: so that no row passes because nothing is ever done.
func TestVictims(t *testing.T) {
	nstest.Root(t)
	needs.Program(t, "/bin/sleep", "coreutils")
	needs.Program(t, "/bin/sh", "dash")
	if os.Getenv(victimsEnv) == "" {
		inPIDNamespace(t)
		return
	}
	mountProc(t)
	seed := *victimsSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	total := 0
	for _, row := range []struct {
		name string
		slow int // how many rounds of a quick row one of these takes
		play func(*world) func(swap bool)
	}{
		{"the pid is another process's before it is opened", 1, pidBeforeOpen},
		{"the pid is another process's after it was opened", 1, pidAfterOpen},
		{"the pid is another's, and the socket lives on in a third process", 1, pidOfOneOfTwo},
		{"the pid is another's, who has got the socket as well", 2, oneOfTwoEnds},
		{"the descriptor is another socket, and shared", 1, descriptorShared},
		{"the descriptor is another socket, and cut", 1, descriptorCut},
		{"the descriptor is another socket, and its process killed", 1, descriptorKilled},
		{"the socket of an ended process lives on in another", 1, keptDuplicate},
		{"the connection is a stranger's with the same two ends", 1, sameEnds},
		{"the TIME_WAIT record is a live connection with the same two ends", 1, sameEndsAsRemains},
		{"the holder becomes another program without the socket", 2, execWithout},
		{"the holder becomes a program that --only does not allow", 2, execInto},
		{"the holder becomes a user that --only does not allow", 2, setuidInBetween},
		{"the owner's real and effective user differ", 2, setuidOwner},
		{"the process at the other end of the connection", 4, peerProcessOf},
		{"ourselves, and the shells that run us", 10, ancestorsOf},
		{"a process in another pid namespace", 10, otherPIDNamespace},
		{"a service manager that stores the connection", 2, storedByManager},
		{"the holder becomes a service manager", 2, becomesManager},
		{"another portguard that has a duplicate", 2, duplicateOfPortguard},
		{"the proc file system of another pid namespace", 10, foreignProc},
		{"a server between bind() and listen()", 2, startingServer},
		{"a client that is connected to itself", 2, selfConnected},
		{"an MPTCP client that would keep its port", 2, boundMPTCP},
		{"the pid of a stopped holder is another stopped process's", 2, stoppedPID},
		{"a stopped process has let go of the socket", 2, stoppedWithout},
		{"the pid of a frozen holder is another frozen process's", 4, frozenPID},
		{"a race for the pid", 1, raceForPID},
		{"a race for the pid of a stopped holder", 2, raceForStoppedPID},
		{"a race for the descriptor", 1, raceForDescriptor},
	} {
		rounds := max(*victimsN/row.slow, 3)
		total += rounds
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, Rand: rand.New(rand.NewPCG(seed, 0)), rig: holders.New(t), port: 20000, forks: forker(t)}
			round := 0
			t.Cleanup(func() { // a play may end the test
				if t.Failed() {
					t.Logf("round %d, -victims.seed %d", round, seed)
				}
			})
			play := row.play(w)
			for ; round < rounds; round++ {
				play(round%8 != 0)
				if t.Failed() {
					t.FailNow()
				}
			}
			if w.missed > rounds/20+1 {
				t.Errorf("%d of %d pids could not be had again", w.missed, rounds)
			}
		})
	}
	t.Logf("%d rounds, seed %d", total, seed)
}

// victimsEnv says that the pid namespace of TestVictims is around it.
const victimsEnv = "PORTGUARD_WRAPPER_TEST_VICTIMS"

// inPIDNamespace runs TestVictims again as the first process of a pid namespace, where it may choose the pids of others.
func inPIDNamespace(t *testing.T) {
	only := "^TestVictims$"
	if _, row, ok := strings.Cut(flag.Lookup("test.run").Value.String(), "/"); ok {
		only += "/" + row
	}
	self, err := os.Executable() // by its path: in a chroot, where the link leads to has another name in the new namespace
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, append(os.Args[1:], "-test.run="+only, "-test.count=1", "-test.v")...)
	cmd.Env = append(os.Environ(), victimsEnv+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
}

func mountProc(t *testing.T) {
	t.Helper()
	if err := errors.Join(
		unix.Mount("none", "/proc", "", unix.MS_REC|unix.MS_PRIVATE, ""), // "/" is no mount point in a chroot
		unix.Mount("proc", "/proc", "proc", 0, ""),
	); err != nil {
		t.Fatal(err)
	}
}
