package e2e

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"portguard/cmd/portguard/internal/report"
)

var rigUpdate = flag.Bool("rig.update", false, "write the measured table into docs/systemd.md")

// sandbox is a way of restricting a service.
type sandbox struct {
	name string // as the documentation has it: properties, and what is to be told of them
	run  []string
	plus bool // ExecStartPre=+, which most of it does not bind
}

func sandboxes() []sandbox {
	sandboxed := func(name string, properties ...string) sandbox { return sandbox{name: name, run: properties} }
	// everything is what systemd-analyze security asks for, but for what takes the network away.
	everything := []string{
		"NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes", "ProtectHostname=yes",
		"ProtectClock=yes", "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes", "ProtectControlGroups=yes",
		"ProtectProc=invisible", "ProcSubset=pid", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "RestrictNamespaces=yes",
		"LockPersonality=yes", "MemoryDenyWriteExecute=yes", "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "RemoveIPC=yes",
		"SystemCallArchitectures=native", "SystemCallFilter=@system-service", "CapabilityBoundingSet=", "User=nobody",
	}
	return []sandbox{
		sandboxed("nothing (root)"),
		sandboxed("`User=nobody`", "User=nobody"),
		sandboxed("`DynamicUser=yes`", "DynamicUser=yes"),
		sandboxed("`NoNewPrivileges=yes`", "NoNewPrivileges=yes"),
		sandboxed("`ProtectProc=invisible`", "ProtectProc=invisible"),
		sandboxed("`ProtectProc=invisible`, `User=nobody`", "ProtectProc=invisible", "User=nobody"),
		sandboxed("`ProcSubset=pid`", "ProcSubset=pid"),
		sandboxed("`RestrictAddressFamilies=` without `AF_NETLINK`", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"),
		sandboxed("the same, `User=nobody`", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "User=nobody"),
		sandboxed("the same, `ProcSubset=pid`", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "ProcSubset=pid"),
		sandboxed("`SystemCallFilter=@system-service`", "SystemCallFilter=@system-service"),
		sandboxed("the same, `SystemCallErrorNumber=EPERM`", "SystemCallFilter=@system-service", "SystemCallErrorNumber=EPERM"),
		sandboxed("`SystemCallFilter=@system-service pidfd_getfd`", "SystemCallFilter=@system-service pidfd_getfd"),
		sandboxed("`SystemCallFilter=~pidfd_open`", "SystemCallFilter=~pidfd_open"),
		sandboxed("`MemoryDenyWriteExecute=yes`", "MemoryDenyWriteExecute=yes"),
		sandboxed("`PrivateUsers=yes`", "PrivateUsers=yes"),
		sandboxed("`PrivateNetwork=yes`: other ports", "PrivateNetwork=yes"),
		sandboxed("`CapabilityBoundingSet=CAP_NET_BIND_SERVICE`", "CapabilityBoundingSet=CAP_NET_BIND_SERVICE"),
		sandboxed("`User=nobody`, `AmbientCapabilities=CAP_NET_ADMIN`", "User=nobody", "AmbientCapabilities=CAP_NET_ADMIN"),
		sandboxed("`User=nobody`, `AmbientCapabilities=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH`",
			"User=nobody", "AmbientCapabilities=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH"),
		sandboxed("`User=nobody`, all three capabilities", "User=nobody", "AmbientCapabilities=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_NET_ADMIN"),
		sandboxed("`ProtectSystem=strict`, `ProtectHome=`, `PrivateTmp=`, `PrivateDevices=`, `ProtectKernel*=`, `ProtectControlGroups=`, `Restrict*=`",
			"ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes", "ProtectKernelTunables=yes", "ProtectKernelModules=yes",
			"ProtectKernelLogs=yes", "ProtectControlGroups=yes", "ProtectClock=yes", "ProtectHostname=yes", "RestrictNamespaces=yes", "RestrictRealtime=yes",
			"RestrictSUIDSGID=yes", "LockPersonality=yes"),
		sandboxed("all of the above, `User=nobody`", everything...),
		{"all of the above, in `ExecStartPre=+`", everything, true},
	}
}

// The table in docs/systemd.md is what was measured.
func (r systemdRig) testHardening(t *testing.T) {
	all := sandboxes()
	rows := make([]row, len(all))
	t.Run("rows", func(t *testing.T) {
		for i, s := range all {
			t.Run(strings.ReplaceAll(s.name, "`", ""), func(t *testing.T) {
				t.Parallel()
				rows[i] = r.measure(t, s, fmt.Sprint(40500+2*i))
			})
		}
	})
	documentedIn(t, "../../../../docs/systemd.md", "hardening", table(rows), rigUpdate)
}

// row is what was seen in a sandbox.
type row struct {
	name  string
	cells []string
	said  []string // what was missing, each one line
}

func (r systemdRig) measure(t *testing.T, s sandbox, port string) row {
	out := row{name: s.name}
	for _, rung := range []string{"--share", "--close", "--wait"} {
		e, limits := r.climb(t, s, rung, port)
		if len(out.cells) == 0 {
			out.cells = append(out.cells, names(e))
		}
		out.cells = append(out.cells, worked(e))
		for _, a := range e.Actions {
			if a.Result != "done" {
				out.say(withoutPIDs(a.Detail))
			}
		}
		for _, limit := range limits {
			out.say(limit)
		}
	}
	text := r.confined(t, s, "-v -p "+port+" -- /bin/echo started")
	started := "fails"
	if strings.Contains(text, "held by fd 100") && strings.HasSuffix(text, "started\n") {
		started = "held, started"
	} else {
		t.Errorf("with a command:\n%s", text)
	}
	out.cells = append(out.cells, started)
	return out
}

// climb has portguard climb one rung in the sandbox for a port that another unit has.
func (r systemdRig) climb(t *testing.T, s sandbox, rung, port string) (report.JSONEndpoint, []string) {
	lives := []string{"1h"}
	if rung == "--wait" {
		rung, lives = "--wait 30s", []string{"1s", "6s"} // on a busy machine the first one may be over before it begins
	}
	for {
		life := lives[0]
		lives = lives[1:]
		unit := "holder-" + port
		r.Shell(t, "systemd-run --quiet --collect --unit="+unit+" -p Type=notify -p User=daemon holder -from "+port+" -for "+life)
		text := r.confined(t, s, "--json -p "+port+" "+rung)
		_, _, _ = r.Run("systemctl", "stop", unit) // it may have ended
		doc := decoded(t, text)
		if len(doc.Endpoints) != 1 {
			t.Fatalf("%s: no report:\n%s", rung, text)
		}
		if doc.Endpoints[0].Verdict != "free" || len(lives) == 0 {
			return doc.Endpoints[0], doc.Limits
		}
	}
}

// confined runs portguard in the sandbox and returns what it wrote.
func (r systemdRig) confined(t *testing.T, s sandbox, args string) string {
	argv := []string{"systemd-run", "--quiet", "--wait", "--pipe", "--collect"}
	for _, p := range s.run {
		argv = append(argv, "-p", p)
	}
	command := "/usr/local/bin/portguard " + args
	if s.plus {
		argv = append(argv, "-p", "ExecStartPre=+"+command, "/bin/true")
	} else {
		argv = append(argv, strings.Fields(command)...)
	}
	text, _, err := r.Run(argv...)
	if err != nil {
		t.Error(err)
	}
	return text
}

func (r *row) say(text string) {
	if !slices.Contains(r.said, text) {
		r.said = append(r.said, text)
	}
}

// names tells what a report names.
func names(e report.JSONEndpoint) string {
	if e.Verdict == "free" {
		return "free"
	}
	if len(e.Holders) == 0 {
		return "nobody"
	}
	h := e.Holders[0]
	var parts []string
	if len(h.Processes) > 0 {
		parts = append(parts, "process")
	}
	if h.Unit != nil {
		parts = append(parts, "unit")
	}
	if h.User != nil {
		parts = append(parts, "user")
	}
	return strings.Join(parts, ", ")
}

// worked tells what came of a rung.
func worked(e report.JSONEndpoint) string {
	switch {
	case e.Verdict == "free":
		return "free"
	case len(e.Actions) == 0:
		return "nothing"
	case e.Verdict != "freed":
		return strings.ReplaceAll(e.Actions[0].Result, "-", " ")
	case strings.HasSuffix(e.Actions[0].Detail, "by a duplicate of its descriptor"):
		return "done, by its descriptor"
	}
	return "done"
}

// table is the rows in Markdown, with what was said below.
func table(rows []row) string {
	var b strings.Builder
	var notes []string
	b.WriteString("| in the unit | the report names | `--share` | `--close` | `--wait` | with a COMMAND | says |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		marks := ""
		for _, text := range r.said {
			if !slices.Contains(notes, text) {
				notes = append(notes, text)
			}
		}
		for i, text := range notes {
			if slices.Contains(r.said, text) {
				marks += fmt.Sprintf("[%d]", i+1)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.name, strings.Join(r.cells, " | "), marks)
	}
	b.WriteString("\n")
	for i, text := range notes {
		fmt.Fprintf(&b, "%d. `%s`\n", i+1, text)
	}
	return b.String()
}
