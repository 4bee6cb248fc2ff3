package become

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestResolve(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("a/tool", "x", 0o755)
	write("b/tool", "x", 0o755)
	write("b/only", "x", 0o755)
	write("noexec/tool", "x", 0o644)
	write("here", "x", 0o755)
	write("script", "#!/bin/sh\n", 0o755)
	write("orphan", "#!/no/such/interpreter\n", 0o755)
	write("c/orphan", "x", 0o755)
	write("dir/tool/x", "x", 0o755)

	const found, missing, refused = 0, 127, 126
	for _, tt := range []struct {
		name    string
		command string
		environ []string
		want    string
		exit    int
		err     error
	}{
		{name: "the first of PATH", command: "tool", environ: []string{"PATH=a:b"}, want: "a/tool"},
		{name: "the next where the first has none", command: "only", environ: []string{"PATH=a:b"}, want: "b/only"},
		{name: "the first PATH counts", command: "tool", environ: []string{"PATH=b", "PATH=a"}, want: "b/tool"},
		{name: "an empty directory is the working directory", command: "here", environ: []string{"PATH=a::b"}, want: "here"},
		{name: "an empty PATH too", command: "here", environ: []string{"PATH="}, want: "here"},
		{name: "no PATH is the system's", command: "sh", environ: nil, want: "/bin/sh"},
		{name: "a slash: no search", command: "./here", environ: []string{"PATH=a"}, want: "./here"},
		{name: "a file without x is passed over", command: "tool", environ: []string{"PATH=noexec:b"}, want: "b/tool"},
		{name: "so is a directory", command: "tool", environ: []string{"PATH=dir:b"}, want: "b/tool"},
		{name: "so is a script without interpreter", command: "orphan", environ: []string{"PATH=.:c"}, want: "c/orphan"},
		{name: "a script", command: "./script", want: "./script"},

		{name: "nowhere", command: "nope", environ: []string{"PATH=a:b"}, exit: missing, err: unix.ENOENT},
		{name: "not there", command: "./nope", exit: missing, err: unix.ENOENT},
		{name: "below a file", command: "here/nope", exit: missing, err: unix.ENOTDIR},
		{name: "the empty command", command: "", environ: []string{"PATH=a"}, exit: missing, err: unix.ENOENT},
		{name: "without x", command: "noexec/tool", exit: refused, err: unix.EACCES},
		{name: "only without x", command: "tool", environ: []string{"PATH=noexec:nope"}, exit: refused, err: unix.EACCES},
		{name: "a directory", command: "./a", exit: refused, err: unix.EACCES},
		{name: "a device", command: "/dev/null", exit: refused, err: unix.EACCES},
		{name: "no interpreter", command: "./orphan", exit: refused, err: unix.ENOENT},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Resolve(tt.command, tt.environ)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if exit := exitStatus(t, err); exit != tt.exit || !errors.Is(err, tt.err) {
				t.Errorf("error %v (exit %d), want %v (exit %d)", err, exit, tt.err, tt.exit)
			}
		})
	}
}

func exitStatus(t *testing.T, err error) int {
	t.Helper()
	var cannot *Error
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &cannot):
		t.Fatalf("%v is a %T, want *Error", err, err)
	case cannot.NotFound():
		return 127
	}
	return 126
}

func TestErrorTellsThePersonWhatToLookAt(t *testing.T) {
	for _, tt := range []struct {
		err  *Error
		want string
	}{
		{&Error{Command: "jvaa", Err: unix.ENOENT}, "jvaa not found in PATH"},
		{&Error{Command: "./jvaa", Err: unix.ENOENT}, "./jvaa not found"},
		{&Error{Command: "run", Path: "/srv/run", Err: unix.EACCES}, "cannot execute /srv/run: permission denied"},
		{&Error{Command: "./run", Path: "./run", Err: &interpreterError{"/bin/zsh", unix.ENOENT}},
			`cannot execute ./run: its interpreter "/bin/zsh": no such file or directory`},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
