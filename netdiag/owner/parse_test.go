package owner

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	statusSed = "Name:\tsed\nUmask:\t0022\nState:\tR (running)\nTgid:\t8811\nPid:\t8811\nPPid:\t8729\nTracerPid:\t0\nUid:\t1000\t0\t0\t0\nGid:\t1000\t1000\t1000\t1000\nThreads:\t1\n"
)

func TestParseEffectiveUID(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string
		want uint32
		err  string
	}{
		{"effective, not real", statusSed, 0, ""},
		{"nobody, unmapped", "Uid:\t0\t4294967294\t0\t0\n", 4294967294, ""},
		{"a command cannot forge the line", "Name:\ta\\nUid:\t1\t1\t1\t1\nUid:\t2\t3\t4\t5\n", 3, ""},
		{"no line", "Name:\tsed\n", 0, "status: no Uid line"},
		{"too few numbers", "Uid:\t0\t0\n", 0, "status: Uid line of 2 numbers"},
		{"above 32 bits", "Uid:\t0\t4294967296\t0\t0\n", 0, `status: strconv.ParseUint: parsing "4294967296": value out of range`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseEffectiveUID([]byte(tt.in))
			checkError(t, err, tt.err)
			if got != tt.want {
				t.Errorf("uid %d, want %d", got, tt.want)
			}
		})
	}
}

func TestParseInnerPID(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string
		want int
	}{
		{"in our namespace", "Name:\tsed\nPid:\t8811\nNStgid:\t8811\nNSpid:\t8811\nNSpgid:\t7\n", 8811},
		{"the first process of a container", "NSpid:\t288\t1\n", 1},
		{"a container in a container", "NSpid:\t288\t31\t1\n", 1},
		{"a command cannot forge the line", "Name:\ta\\nNSpid:\t9\t1\nNSpid:\t288\t12\n", 12},
		{"no line", "Name:\tsed\n", 7},
		{"no number", "NSpid:\n", 7},
		{"not a number", "NSpid:\tx\n", 7},
		{"no pid", "NSpid:\t7\t0\n", 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := parseInnerPID([]byte(tt.in), 7); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestParseCmdline(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string
		want []string
	}{
		{"a program with arguments", "java\x00-jar\x00order.jar\x00", []string{"java", "-jar", "order.jar"}},
		{"an empty argument in the middle", "sh\x00-c\x00\x00x\x00", []string{"sh", "-c", "", "x"}},
		{"a title over the arguments", "nginx: master process /usr/sbin/nginx\x00\x00\x00\x00", []string{"nginx: master process /usr/sbin/nginx"}},
		{"a title without an end", "postgres: writer", []string{"postgres: writer"}},
		{"line ends and other bytes", "a\nb\x00\xff\x1b[31m\x00", []string{"a\nb", "\xff\x1b[31m"}},
		{"a kernel thread", "", nil},
		{"a title of nothing", "\x00\x00\x00", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseCmdline([]byte(tt.in))); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
		})
	}
}

const (
	cgroupHybrid = "9:name=systemd:/\n8:pids:/\n7:blkio:/\n6:freezer:/\n5:devices:/\n4:memory:/\n3:cpuset:/\n2:cpuacct:/\n1:cpu:/\n0::/\n"
	dockerID     = "3f4a0e8b5d1c9f27a6b8c0d2e4f60718293a4b5c6d7e8f9012a3b4c5d6e7f809"
)

func TestParseCgroup(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string
		want string
	}{
		{"v2", "0::/system.slice/order.service\n", "/system.slice/order.service"},
		{"v1", "12:pids:/system.slice/sshd.service\n4:memory:/system.slice\n1:name=systemd:/system.slice/sshd.service\n", "/system.slice/sshd.service"},
		{"hybrid, both the same", "1:name=systemd:/user.slice/user-0.slice/session-1.scope\n0::/user.slice/user-0.slice/session-1.scope\n", "/user.slice/user-0.slice/session-1.scope"},
		{"hybrid, a container in v1 only", "1:name=systemd:/docker/" + dockerID + "\n0::/system.slice/containerd.service\n", "/docker/" + dockerID},
		{"hybrid, in v2 only", "1:name=systemd:/\n0::/guard\n", "/guard"},
		{"hybrid without systemd", cgroupHybrid, "/"},
		{"v1, systemd's root", "1:name=systemd:/\n", "/"},
		{"a colon in the name", "0::/a:b:c\n", "/a:b:c"},
		{"a cgroup that was removed", "0::/gone.service (deleted)\n", "/gone.service"},
		{"outside our cgroup namespace", "0::/../other.slice/x.service\n", "/../other.slice/x.service"},
		{"controllers but neither hierarchy", "4:memory:/x\n", ""},
		{"a path that is none", "0::x\n", ""},
		{"nothing", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := parseCgroup([]byte(tt.in)); got != tt.want {
				t.Errorf("path %q, want %q", got, tt.want)
			}
		})
	}
}

func TestParseOtherCgroups(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"v2", "0::/system.slice/order.service\n", nil},
		{"v1 of systemd", "12:pids:/system.slice/sshd.service\n4:memory:/system.slice\n1:name=systemd:/system.slice/sshd.service\n", []string{"/system.slice"}},
		{"docker under OpenRC, which has a hierarchy of its own", "3:memory:/docker/" + dockerID + "\n2:pids:/docker/" + dockerID + "\n1:name=openrc:/docker\n0::/openrc.docker\n",
			[]string{"/docker/" + dockerID, "/docker"}},
		{"the same without v2", "2:pids:/docker/" + dockerID + " (deleted)\n1:name=openrc:/docker\n", []string{"/docker/" + dockerID, "/docker"}},
		{"all in their roots", cgroupHybrid, nil},
		{"nothing", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseOtherCgroups([]byte(tt.in))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestParseSocketLink(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want uint32
		ok   bool
	}{
		{"socket:[17232]", 17232, true},
		{"socket:[4294967295]", 4294967295, true},
		{"socket:[4294967296]", 0, false},
		{"socket:[99999999999999999999999999999]", 0, false},
		{"socket:[]", 0, false},
		{"socket:[17232", 0, false},
		{"socket:[-1]", 0, false},
		{"pipe:[17232]", 0, false},
		{"/tmp/socket:[17232]", 0, false},
		{"", 0, false},
	} {
		got, ok := parseSocketLink([]byte(tt.in))
		if got != tt.want || ok != tt.ok {
			t.Errorf("%q: %d, %v, want %d, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzParseEffectiveUID(f *testing.F) {
	f.Add([]byte(statusSed))
	f.Fuzz(func(t *testing.T, b []byte) {
		if pid := parseInnerPID(b, 7); pid <= 0 {
			t.Errorf("inner pid %d", pid)
		}
		if uid, err := parseEffectiveUID(b); err != nil && uid != 0 {
			t.Errorf("error %v with an answer: %d", err, uid)
		}
	})
}

func FuzzParseCmdline(f *testing.F) {
	f.Add([]byte("java\x00-jar\x00order.jar\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		args := parseCmdline(b)
		if joined := strings.Join(args, "\x00"); joined != strings.TrimRight(string(b), "\x00") {
			t.Errorf("%q became %q", b, args)
		}
	})
}

func FuzzParseCgroup(f *testing.F) {
	f.Add([]byte(cgroupHybrid))
	f.Add([]byte("1:name=systemd:/docker/" + dockerID + "\n0::/system.slice/containerd.service\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if path := parseCgroup(b); path != "" && (path[0] != '/' || strings.Contains(path, "\n")) {
			t.Errorf("path %q", path)
		}
	})
}

// checkError compares an error's text; "" wants none.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}
