package install

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/systemd"
	"portguard/wrapper/become"
	"portguard/wrapper/decide"
)

// What a service's sandbox hides or forbids is refused, with the setting and what would do instead; what works is not.
func TestRefuse(t *testing.T) {
	program, err := filepath.EvalSymlinks("/bin/sh") // any that is there, and in a place that lasts
	if err != nil {
		t.Fatal(err)
	}
	const asPre = "portguard unit install order.service -p 30010 --as pre"
	show := "systemctl edit order.service   # [Service] BindReadOnlyPaths=" + program
	filter := systemd.CallFilter{AllowList: true, Calls: append([]string{"exit"}, become.VitalCalls()...)}
	without := func(call string) systemd.CallFilter {
		f := systemd.CallFilter{AllowList: true}
		for _, c := range filter.Calls {
			if c != call {
				f.Calls = append(f.Calls, c)
			}
		}
		return f
	}
	for _, tt := range []struct {
		name    string
		svc     systemd.Service
		wrapper string // what the refusal says; "": there is none
		pre     string
		right   string // of the wrapper's refusal
	}{
		{"nothing in the way", systemd.Service{}, "", "", ""},
		{"a tmpfs", systemd.Service{Sandbox: systemd.Sandbox{TemporaryFileSystem: []string{"/"}}}, "TemporaryFileSystem=/", "TemporaryFileSystem=/", show},
		{"an image", systemd.Service{Sandbox: systemd.Sandbox{RootImage: "/i.raw"}}, "RootImage=/i.raw", "RootImage=/i.raw", show},
		{"an image for ExecStart= alone", systemd.Service{Sandbox: systemd.Sandbox{RootImage: "/i.raw", RootDirectoryStartOnly: true}}, "RootImage=/i.raw", "", asPre},
		{"a root directory", systemd.Service{Sandbox: systemd.Sandbox{RootDirectory: "/srv"}}, "has its root directory in /srv", "has its root directory in /srv", "install -D " + program + " /srv" + program},
		{"a root directory for ExecStart= alone", systemd.Service{Sandbox: systemd.Sandbox{RootDirectory: "/srv", RootDirectoryStartOnly: true}}, "has its root directory in /srv", "", asPre},
		{"a root directory in which it is shown", systemd.Service{Sandbox: systemd.Sandbox{RootDirectory: "/srv", Binds: []systemd.Bind{{Source: program, Destination: program}}}}, "", "", ""},
		{"something else in its place", systemd.Service{Sandbox: systemd.Sandbox{Binds: []systemd.Bind{{Source: "/dev/null", Destination: program}}}}, "it finds /dev/null there", "it finds /dev/null there", ""},
		{"inaccessible", systemd.Service{Sandbox: systemd.Sandbox{InaccessiblePaths: []string{"-" + program}}}, "InaccessiblePaths=-" + program, "", asPre},
		{"not to be executed", systemd.Service{Sandbox: systemd.Sandbox{NoExecPaths: []string{"/"}}}, "NoExecPaths=/", "", asPre},
		{"a filter that lets all through that it needs", systemd.Service{Sandbox: systemd.Sandbox{SystemCalls: filter}}, "", "", ""},
		{"a filter that lacks one", systemd.Service{Sandbox: systemd.Sandbox{SystemCalls: without("madvise")}}, "lacks what portguard needs to start: madvise", "", asPre},
		{"a filter that fails one it can do without", systemd.Service{Sandbox: systemd.Sandbox{SystemCalls: systemd.CallFilter{Calls: []string{"madvise"}, Errno: true}}}, "", "", ""},
		{"a filter that fails one it cannot do without", systemd.Service{Sandbox: systemd.Sandbox{SystemCalls: systemd.CallFilter{Calls: []string{"clone:EPERM"}}}}, "to start: clone", "", asPre},
		{"too few threads", systemd.Service{User: "app", Sandbox: systemd.Sandbox{Limits: systemd.Limits{Processes: 1}}}, "LimitNPROC=1", "", asPre},
		{"too few threads, but for root", systemd.Service{Sandbox: systemd.Sandbox{Limits: systemd.Limits{Processes: 1}}}, "", "", ""},
		{"enough open files", systemd.Service{Sandbox: systemd.Sandbox{Limits: systemd.Limits{Files: 1024}}}, "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			svc := tt.svc
			svc.Name, svc.LoadState, svc.FragmentPath, svc.ExecStart = "order.service", "loaded", "/x", []systemd.Exec{{}}
			for as, want := range map[string]string{"wrapper": tt.wrapper, "pre": tt.pre} {
				in := asked(t, as, "-p", "30010")
				in.portguard = program
				err := refuse(svc, &in)
				switch {
				case want == "" && err != nil:
					t.Errorf("%s: %v", as, err)
				case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
					t.Errorf("%s: %v, want %q", as, err, want)
				case want != "" && as == "wrapper" && cli.Hint(err) != tt.right:
					t.Errorf("hint %q, want %q", cli.Hint(err), tt.right)
				}
			}
		})
	}
}

func TestMayAskForTime(t *testing.T) {
	for _, tt := range []struct {
		form         Form
		kind, access string
		want         string // the NotifyAccess= it takes
	}{
		{FormPre, "simple", "none", "exec"},
		{FormPre, "notify", "main", "exec"},
		{FormPre, "notify", "exec", ""},
		{FormPre, "forking", "all", ""},
		{FormWrapper, "simple", "none", ""},
		{FormWrapper, "exec", "none", ""},
		{FormWrapper, "notify", "main", ""},
		{FormWrapper, "oneshot", "none", "main"},
		{FormWrapper, "oneshot", "main", ""},
		{FormWrapper, "dbus", "none", "main"},
		{FormWrapper, "forking", "main", "exec"},
		{FormWrapper, "forking", "exec", ""},
	} {
		if got := mayAskForTime(tt.form, tt.kind, tt.access); got != tt.want {
			t.Errorf("%s, Type=%s, NotifyAccess=%s: %q, want %q", tt.form, tt.kind, tt.access, got, tt.want)
		}
	}
}

func TestHitsStartLimit(t *testing.T) {
	usual := systemd.StartLimit{Burst: 5, Interval: 10 * time.Second}
	for _, tt := range []struct {
		name        string
		limit       systemd.StartLimit
		delay, wait time.Duration
		want        bool
	}{
		{"systemd's own values", usual, 100 * time.Millisecond, 0, true},
		{"a second between starts", usual, time.Second, 0, true},
		{"two seconds between starts", usual, 2 * time.Second, 0, false},
		{"a wait that is long enough", usual, 100 * time.Millisecond, 2 * time.Second, false},
		{"a wait that is not", usual, 100 * time.Millisecond, time.Second, true},
		{"a wait without an end", usual, 0, decide.Forever, false},
		{"no limit", systemd.StartLimit{Burst: 5}, 0, 0, false},
		{"no limit either", systemd.StartLimit{Interval: time.Hour}, 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := hitsStartLimit(systemd.Service{StartLimit: tt.limit, RestartDelay: tt.delay}, tt.wait); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
