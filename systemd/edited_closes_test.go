package systemd

import (
	"os"
	"path/filepath"
	"testing"

	"portguard/systemd/unitfile"
)

// An edit that leaves every port in its place closes none. systemd tells of an address in its own spelling.
func TestClosesPorts(t *testing.T) {
	every := []Listen{{"Stream", "[::]:8080"}}
	for _, tt := range []struct {
		name    string
		listens []Listen
		files   []string
		want    bool
	}{
		{"as it was, with a comment", every, []string{"# new\n[Socket]\nListenStream=8080\nBacklog=9\n"}, false},
		{"another port", every, []string{"[Socket]\nListenStream=8081\n"}, true},
		{"one more", every, []string{"[Socket]\nListenStream=8080\nListenStream=8081\n"}, false},
		{"one of two", []Listen{{"Stream", "[::]:8080"}, {"Stream", "[::]:8081"}}, []string{"[Socket]\nListenStream=8080\n"}, true},
		{"one address of all", every, []string{"[Socket]\nListenStream=127.0.0.1:8080\n"}, true},
		{"another protocol", every, []string{"[Socket]\nListenDatagram=8080\n"}, true},
		{"datagrams", []Listen{{"Datagram", "127.0.0.1:53"}}, []string{"[Socket]\nListenDatagram=127.0.0.1:53\n"}, false},
		{"taken back by a drop-in", every, []string{"[Socket]\nListenStream=8080\n", "[Socket]\nListenStream=\n"}, true},
		{"taken back and named again", every, []string{"[Socket]\nListenStream=8080\n", "[Socket]\nListenStream=\nListenStream=8080\n"}, false},
		{"no file", every, nil, true},
		{"no IPv6", []Listen{{"Stream", "0.0.0.0:8080"}}, []string{"[Socket]\nListenStream=8080\n"}, false},
		{"spelled in full", []Listen{{"Stream", "[::1]:8080"}}, []string{"[Socket]\nListenStream=[0:0::1]:8080\n"}, false},
		{"an instance's", []Listen{{"Stream", "127.0.0.1:8080"}}, []string{"[Socket]\nListenStream=127.0.0.1:%i\n"}, false},
		{"an instance's of another address", []Listen{{"Stream", "127.0.0.1:8080"}}, []string{"[Socket]\nListenStream=127.0.0.2:%i\n"}, true},
		{"a port of an instance", every, []string{"[Socket]\nListenStream=%i\n"}, false},
		{"paths and names", []Listen{{"Stream", "/run/a:1"}, {"Stream", "@a:1"}, {"FIFO", "/run/b"}, {"Netlink", "audit 1"}}, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var files [][]unitfile.Assignment
			for _, text := range tt.files {
				files = append(files, unitfile.Parse(text))
			}
			if got := closes(tt.listens, files); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

// Of files of one name the first folder's counts, and drop-ins come in the order of their names.
func TestUnitFiles(t *testing.T) {
	root := t.TempDir()
	etc, lib := filepath.Join(root, "etc"), filepath.Join(root, "lib")
	for path, port := range map[string]string{
		etc + "/web@.socket":             "1",
		lib + "/web@.socket":             "9",
		lib + "/web@8.socket.d/c.conf":   "4",
		lib + "/web@.socket.d/a.conf":    "2",
		etc + "/socket.d/b.conf":         "3",
		lib + "/socket.d/b.conf":         "9",
		lib + "/socket.d/b.conf~":        "9",
		lib + "/web@7.socket.d/a.conf":   "9",
		lib + "/web@8.service.d/aa.conf": "9",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("[Socket]\nListenStream="+port+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	folders := []string{etc, lib, filepath.Join(root, "none")}
	ports := ""
	for _, port := range unitfile.List(unitFiles(folders, "web@8.socket"), "Socket", "ListenStream") {
		ports += port
	}
	if ports != "1234" {
		t.Errorf("read %s, want 1234", ports)
	}
	if err := os.Symlink("/dev/null", filepath.Join(etc, "web@8.socket")); err != nil {
		t.Fatal(err)
	}
	if got := unitFiles(folders, "web@8.socket"); got != nil {
		t.Errorf("turned off: %v", got)
	}
}
