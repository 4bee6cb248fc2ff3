package netdiag_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
)

// serverEnv makes this binary a server of the tree that it describes, until its input ends.
const serverEnv = "PORTGUARD_NETDIAG_TEST_SERVER"

// server is a process that listens, with the processes that it starts. Port 0 is one that the kernel picks.
type server struct {
	Ports    []uint16
	Children []server
}

// serveTree says on its output that all of the tree listens.
func serveTree(description string) error {
	var s server
	if err := json.Unmarshal([]byte(description), &s); err != nil {
		return err
	}
	for _, port := range s.Ports {
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			return err
		}
		defer l.Close()
	}
	for _, child := range s.Children {
		end, _, err := child.start()
		if err != nil {
			return err
		}
		defer end()
	}
	fmt.Println("serving")
	_, _ = os.Stdin.Read(make([]byte, 1)) // it ends, and says nothing
	return nil
}

// start starts the tree, and returns when all of it listens.
func (s server) start() (end func(), pid int, err error) {
	description, err := json.Marshal(s)
	if err != nil {
		return nil, 0, err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), serverEnv+"="+string(description))
	cmd.Stderr = os.Stderr
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		return nil, 0, err
	}
	end = func() { _ = stdin.Close(); _ = cmd.Wait() }
	if _, err := stdout.Read(make([]byte, 16)); err != nil {
		end()
		return nil, 0, fmt.Errorf("a server did not come up: %w", err)
	}
	return end, cmd.Process.Pid, nil
}

// Who would end with the owner of a holder, and who lives in the same unit: processes that listen on ports of their own, which
// they asked for.
func TestBeside(t *testing.T) {
	l := newLab(t)
	port := l.port
	l.port += 10
	for _, tt := range []struct {
		name    string
		holder  server
		sibling *server
		want    string
	}{
		{"alone", server{Ports: []uint16{port}}, nil, ""},
		{"ports of its own", server{Ports: []uint16{port, port + 1}}, nil, ""},
		{"a child that serves nothing", server{Ports: []uint16{port}, Children: []server{{}}}, nil, ""},
		{"a child with two ports", server{Ports: []uint16{port}, Children: []server{{Ports: []uint16{port + 2, port + 1}}}}, nil, "below +1 +2"},
		{"a child's child", server{Ports: []uint16{port}, Children: []server{{Children: []server{{Ports: []uint16{port + 1}}}}}}, nil, "below +1"},
		{"two children", server{Ports: []uint16{port}, Children: []server{{Ports: []uint16{port + 1}}, {Ports: []uint16{port + 2}}}}, nil, "below +1; below +2"},
		{"a child on a port that the kernel picked", server{Ports: []uint16{port}, Children: []server{{Ports: []uint16{0}}}}, nil, ""},
		{"another process of the same cgroup", server{Ports: []uint16{port}}, &server{Ports: []uint16{port + 1}}, "beside +1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			own, err := net.Listen("tcp", fmt.Sprintf(":%d", port+5)) // ours, from which all of them descend
			if err != nil {
				t.Fatal(err)
			}
			defer own.Close()
			end, pid, err := tt.holder.start()
			if err != nil {
				t.Fatal(err)
			}
			defer end()
			if tt.sibling != nil {
				end, _, err := tt.sibling.start()
				if err != nil {
					t.Fatal(err)
				}
				defer end()
			}
			for _, expected := range []bool{false, true} {
				p := netdiag.NewProber()
				defer p.Close()
				if expected {
					p.ExpectBeside()
				}
				f := netdiag.Finding{Endpoint: service("*", port), Trial: netdiag.Try(service("*", port))}
				if err := p.Explain(t.Context(), []*netdiag.Finding{&f}); err != nil || len(f.Holders) != 1 || f.Holders[0].Owners[0].PID != pid {
					t.Fatalf("%v, %+v", err, f.Holders)
				}
				if expected {
					p.SeesNoProcess() // it was searched for along with the holder
				}
				some, err := p.Beside(t.Context(), &f.Holders[0])
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, n := range some {
					text := map[bool]string{true: "below", false: "beside"}[n.Below]
					for _, at := range n.Ports {
						text += fmt.Sprintf(" +%d", at-port)
					}
					got = append(got, text)
				}
				if diff := cmp.Diff(tt.want, strings.Join(got, "; ")); diff != "" {
					t.Errorf("expected: %v (-want +got)\n%s", expected, diff)
				}
			}
		})
	}
}
