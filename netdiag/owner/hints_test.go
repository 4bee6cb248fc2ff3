package owner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	infoRing  = "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t17240\nSqMask:\t0x3\nSqHead:\t0\nSqTail:\t0\nCachedSqHead:\t0\nCqMask:\t0x7\nCqHead:\t0\nCqTail:\t0\nCachedCqTail:\t0\nSQEs:\t0\nCQEs:\t0\nSqThread:\t-1\nSqThreadCpu:\t-1\nSqTotalTime:\t0\nSqWorkTime:\t0\nUserFiles:\t2\n    0: socket:[17232]\n    1: socket:[17233]\nUserBufs:\t0\nPollList:\nCqOverflowList:\nNAPI:\tdisabled\n"
	infoQueue = "pos:\t0\nflags:\t02000002\nmnt_id:\t10\nino:\t17234\nscm_fds: 1\n"
	infoUnix  = "pos:\t0\nflags:\t02000002\nmnt_id:\t10\nino:\t17233\nscm_fds: 0\n"
	infoTCP   = "pos:\t0\nflags:\t02000002\nmnt_id:\t10\nino:\t17232\n"
)

func TestParseCloseOnExec(t *testing.T) {
	for _, tt := range []struct {
		name, in      string
		closes, known bool
	}{
		{"closed", infoTCP, true, true},
		{"stays open", "pos:\t0\nflags:\t02\nmnt_id:\t10\n", false, true},
		{"gone meanwhile", "", false, false},
		{"no number", "flags:\tx\n", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if closes, known := parseCloseOnExec([]byte(tt.in)); closes != tt.closes || known != tt.known {
				t.Errorf("%v, %v; want %v, %v", closes, known, tt.closes, tt.known)
			}
		})
	}
}

func TestParseRing(t *testing.T) {
	for _, tt := range []struct {
		name     string
		in       string
		want     fixedFiles
		complete bool
	}{
		{"two sockets", infoRing, fixedFiles{inodes: []uint32{17232, 17233}}, true},
		{"an empty slot and a regular file", "UserFiles:\t3\n    0: <none>\n    1: /tmp/socket:[7]\n    2: socket:[8]\nUserBufs:\t0\n", fixedFiles{inodes: []uint32{8}}, true},
		{"names instead of inodes, as older kernels have", "UserFiles:\t4\n    0: TCP\n    1: TCP\n    2: UDPv6\n    3: passwd\nUserBufs:\t0\n", fixedFiles{names: []string{"TCP", "UDPv6"}}, true},
		{"what looks like a file after the list", "UserFiles:\t0\nUserBufs:\t1\n    0: socket:[7]\n", fixedFiles{}, true},
		{"a busy ring", "pos:\t0\nflags:\t02000002\n", fixedFiles{}, false},
		{"nothing", "", fixedFiles{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, complete := parseRing([]byte(tt.in))
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(fixedFiles{})); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if complete != tt.complete {
				t.Errorf("complete %v, want %v", complete, tt.complete)
			}
		})
	}
}

func TestParseInFlight(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string
		want bool
	}{
		{"a descriptor in the queue", infoQueue, true},
		{"an empty queue", infoUnix, false},
		{"not a unix socket", infoTCP, false},
		{"a count that is none", "scm_fds: x\n", false},
		{"nothing", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := parseInFlight([]byte(tt.in)); got != tt.want {
				t.Errorf("in flight %v, want %v", got, tt.want)
			}
		})
	}
}

func FuzzParseFdinfo(f *testing.F) {
	for _, s := range []string{infoRing, infoQueue, infoUnix, infoTCP} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if files, complete := parseRing(b); !complete && len(files.inodes)+len(files.names) > 0 {
			t.Errorf("an incomplete list has %v", files)
		}
		parseCloseOnExec(b)
		parseInFlight(b)
	})
}
