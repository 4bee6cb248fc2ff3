package systemd

import (
	"cmp"
	"testing"
)

func TestLeads(t *testing.T) {
	const program = "/usr/bin/portguard"
	for _, tt := range []struct {
		name    string
		s       Sandbox
		program string
		// What ExecStart= finds, and ExecStartPre=+: a file, or the setting that hides it.
		start, privileged string
	}{
		{"nothing", Sandbox{}, program, program, program},
		{"what lies elsewhere", Sandbox{TemporaryFileSystem: []string{"/usr/lib", "/usr/bi"}, InaccessiblePaths: []string{"/usr/bin/port"}}, program, program, program},
		{"a tmpfs above it", Sandbox{TemporaryFileSystem: []string{"/opt", "/usr"}}, program, "TemporaryFileSystem=/usr", "TemporaryFileSystem=/usr"},
		{"a tmpfs over everything", Sandbox{TemporaryFileSystem: []string{"/"}}, program, "TemporaryFileSystem=/", "TemporaryFileSystem=/"},
		{"shown in a tmpfs", Sandbox{TemporaryFileSystem: []string{"/usr"}, Binds: []Bind{{program, program}}}, program, program, program},
		{"a directory shown in a tmpfs", Sandbox{TemporaryFileSystem: []string{"/usr"}, Binds: []Bind{{"/rig", "/usr/bin"}}}, program, "/rig/portguard", "/rig/portguard"},
		{"a tmpfs in what is shown", Sandbox{TemporaryFileSystem: []string{"/usr/bin"}, Binds: []Bind{{"/rig", "/usr"}}}, program, "TemporaryFileSystem=/usr/bin", "TemporaryFileSystem=/usr/bin"},
		{"another file in its place", Sandbox{Binds: []Bind{{"/dev/null", program}}}, program, "/dev/null", "/dev/null"},
		{"an image in its place", Sandbox{MountImages: []string{"/usr"}}, program, "MountImages= at /usr", "MountImages= at /usr"},
		{"a root directory", Sandbox{RootDirectory: "/srv"}, program, "/srv/usr/bin/portguard", "/srv/usr/bin/portguard"},
		{"a root directory of ExecStart= alone", Sandbox{RootDirectory: "/srv", RootDirectoryStartOnly: true}, program, "/srv/usr/bin/portguard", program},
		{"shown in a root directory", Sandbox{RootDirectory: "/srv", Binds: []Bind{{program, program}}}, program, program, program},
		{"the root directory that it has", Sandbox{RootDirectory: "/"}, program, program, program},
		{"an image", Sandbox{RootImage: "/i.raw"}, program, "RootImage=/i.raw", "RootImage=/i.raw"},
		{"an image for ExecStart= alone", Sandbox{RootImage: "/i.raw", RootDirectoryStartOnly: true}, program, "RootImage=/i.raw", program},
		{"shown in an image", Sandbox{RootImage: "/i.raw", Binds: []Bind{{"/opt/p", program}}}, program, "/opt/p", "/opt/p"},
		{"inaccessible", Sandbox{InaccessiblePaths: []string{"-/usr/bin"}}, program, "InaccessiblePaths=-/usr/bin", program},
		{"inaccessible by a link", Sandbox{InaccessiblePaths: []string{"/bin"}}, program, "InaccessiblePaths=/bin", program},
		{"inaccessible, what is shown below as well", Sandbox{InaccessiblePaths: []string{"/usr"}, Binds: []Bind{{program, program}}}, program, "InaccessiblePaths=/usr", program},
		{"inaccessible on the host, where the root directory is another", Sandbox{RootDirectory: "/srv", InaccessiblePaths: []string{"/usr"}}, program, "/srv/usr/bin/portguard", "/srv/usr/bin/portguard"},
		{"inaccessible in the root directory", Sandbox{RootDirectory: "/srv", InaccessiblePaths: []string{"-+/usr"}}, program, "InaccessiblePaths=-+/usr", "/srv/usr/bin/portguard"},
		{"nothing may be executed", Sandbox{NoExecPaths: []string{"/"}, ExecPaths: []string{"/usr/lib", "/usr/bin/java"}}, program, "NoExecPaths=/", program},
		{"what may be executed", Sandbox{NoExecPaths: []string{"/"}, ExecPaths: []string{"/usr"}}, program, program, program},
		{"what may be executed, but for this", Sandbox{NoExecPaths: []string{"/", "/usr/bin"}, ExecPaths: []string{"/usr"}}, program, "NoExecPaths=/usr/bin", program},
		{"a home that is hidden", Sandbox{ProtectHome: "yes", Binds: []Bind{{"/home/x/p", "/home/x/p"}}}, "/home/x/p", "ProtectHome=yes", "/home/x/p"},
		{"a home that is empty", Sandbox{ProtectHome: "tmpfs"}, "/root/p", "ProtectHome=tmpfs", "/root/p"},
		{"shown in a home that is empty", Sandbox{ProtectHome: "tmpfs", Binds: []Bind{{"/home/x/p", "/home/x/p"}}}, "/home/x/p", "/home/x/p", "/home/x/p"},
		{"a home that may be read", Sandbox{ProtectHome: "read-only"}, "/home/x/p", "/home/x/p", "/home/x/p"},
		{"a /tmp of its own", Sandbox{PrivateTmp: true}, "/var/tmp/p", "PrivateTmp=yes", "/var/tmp/p"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			links := func(p string) string {
				if p == "/bin" {
					return "/usr/bin"
				}
				return p
			}
			for at, want := range map[Place]string{AtStart: tt.start, Privileged: tt.privileged} {
				file, setting := tt.s.Leads(tt.program, at, links)
				if got := cmp.Or(setting, file); got != want {
					t.Errorf("at %d: file %q, hidden by %q, want %q", at, file, setting, want)
				}
			}
		})
	}
}
