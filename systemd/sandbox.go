package systemd

// Sandbox is what of the host a service sees, and what it may do: the settings under which a program may not start that starts
// elsewhere.
type Sandbox struct {
	RootDirectory          string
	RootImage              string
	RootDirectoryStartOnly bool   // the root directory is that of ExecStart= alone
	ProtectHome            string // "no", "yes", "read-only", "tmpfs"
	PrivateTmp             bool
	TemporaryFileSystem    []string   // their paths
	Binds                  []Bind     // BindPaths= and BindReadOnlyPaths=
	MountImages            []string   // where they are mounted
	InaccessiblePaths      []string   // these three with their prefixes, "-" and "+"
	NoExecPaths, ExecPaths []string   //
	SystemCalls            CallFilter // SystemCallFilter=
	AppArmorProfile        string     // without its prefix, "-"
	PrivatePIDs            bool       // PrivatePIDs= (systemd 257)
	Limits                 Limits
}

// Bind shows a file or directory of the host's at another place, or where another setting would hide it.
type Bind struct{ Source, Destination string }

// infinity is how systemd writes a limit, or a time, that is none.
const infinity = ^uint64(0)

// Limits are a service's resource limits, the soft ones, which count; 0: there is none.
type Limits struct {
	AddressSpace uint64 // LimitAS=, in bytes
	Data         uint64 // LimitDATA=, in bytes
	Files        uint64 // LimitNOFILE=
	Processes    uint64 // LimitNPROC=: processes and threads of the service's user
}

func (p properties) sandbox() Sandbox {
	s := Sandbox{
		RootDirectory:          p.text("RootDirectory"),
		RootImage:              p.text("RootImage"),
		RootDirectoryStartOnly: p.flag("RootDirectoryStartOnly"),
		ProtectHome:            p.text("ProtectHome"),
		PrivateTmp:             p.flag("PrivateTmp"),
		TemporaryFileSystem:    p.column("TemporaryFileSystem", 0),
		MountImages:            p.column("MountImages", 1),
		InaccessiblePaths:      p.texts("InaccessiblePaths"),
		NoExecPaths:            p.texts("NoExecPaths"),
		ExecPaths:              p.texts("ExecPaths"),
		SystemCalls:            p.callFilter(),
		PrivatePIDs:            p.text("PrivatePIDs") == "yes",
		Limits: Limits{
			AddressSpace: p.limit("LimitASSoft"), Data: p.limit("LimitDATASoft"),
			Files: p.limit("LimitNOFILESoft"), Processes: p.limit("LimitNPROCSoft"),
		},
	}
	if profile, _ := p["AppArmorProfile"].([]any); len(profile) == 2 { // whether it may be missing, and its name
		s.AppArmorProfile, _ = profile[1].(string)
	}
	for _, name := range []string{"BindPaths", "BindReadOnlyPaths"} {
		sources, destinations := p.column(name, 0), p.column(name, 1)
		for i := range min(len(sources), len(destinations)) {
			s.Binds = append(s.Binds, Bind{sources[i], destinations[i]})
		}
	}
	return s
}

func (p properties) limit(name string) uint64 {
	n, _ := p[name].(uint64)
	if n == infinity {
		return 0
	}
	return n
}

// column reads one text of each of an array of structures.
func (p properties) column(name string, i int) []string {
	rows, _ := p[name].([][]any)
	var all []string
	for _, row := range rows {
		if i >= len(row) {
			continue
		}
		if text, ok := row[i].(string); ok {
			all = append(all, text)
		}
	}
	return all
}
