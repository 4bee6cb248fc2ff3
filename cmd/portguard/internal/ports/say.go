package ports

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/reserved"
	"portguard/netdiag/portrange/sysctld"
)

// showReserved is the command without ports.
func showReserved(a *cli.App, o sysctlOptions) error {
	s, err := o.state()
	if err != nil {
		return err
	}
	if o.json {
		return changeJSON(a.Stdout, s.Kernel, s.Reserve(nil, reserved.Scope{}), false)
	}
	fmt.Fprintf(a.Stdout, "now     %s\n", page.Nothing(s.Kernel))
	if !o.files() {
		return nil
	}
	boot, other := s.AtBoot(sysctld.Systemd), s.AtBoot(sysctld.Procps)
	fmt.Fprintf(a.Stdout, "boot    %s\n", page.Nothing(boot))
	if boot.String() != other.String() {
		fmt.Fprintf(a.Stdout, "        %s with %s\n", page.Nothing(other), sysctld.Procps)
	}
	if len(s.Ours) > 0 {
		fmt.Fprintf(a.Stdout, "        %s by %s\n", s.Ours, reserved.Path)
	}
	for _, o := range s.Others() {
		fmt.Fprintf(a.Stdout, "        %s by %s\n", page.Nothing(o.Ports), page.Safe(o.Line.Where()))
	}
	sayLost(a.Stdout, s, s.Kernel.Minus(boot.Union(other)))
	if c := s.Renew(reserved.Scope{Persist: true}); c.Persist() {
		fmt.Fprintf(a.Stdout, "        %s is out of date, since the other files have changed: portguard reserve --renew\n", reserved.Path)
	}
	warnOfFiles(a, s, s.Reserve(nil, reserved.Scope{}))
	return nil
}

// sayLost tells of ports that are reserved until the next boot only, and what would change that.
func sayLost(w io.Writer, s reserved.State, ports portrange.Set) {
	then := s.Reserve(ports, reserved.Scope{Persist: true})
	vain := ports.Minus(then.AtBoot(sysctld.Systemd)).Minus(then.AtBoot(sysctld.Procps))
	if helps := ports.Minus(vain); len(helps) > 0 {
		fmt.Fprintf(w, "        without %s, reserved until then only: portguard reserve %s\n", helps, helps)
	}
	for _, lost := range then.Lost() {
		if p := vain.Intersect(lost.Ports); len(p) > 0 {
			fmt.Fprintf(w, "        without %s, reserved until then only: %s has the last word, and does not have it\n", p, page.Safe(lost.Line.Where()))
			vain = vain.Minus(p)
		}
	}
}

// sayChange tells what has changed, or would.
func sayChange(a *cli.App, command string, ports portrange.Set, s reserved.State, c reserved.Change, o sysctlOptions) {
	if !o.quiet {
		switch {
		case o.dryRun && (c.Runtime() || c.Persist()):
			if c.Runtime() {
				diff(a.Stdout, portrange.KernelReserved.Dotted(), c.Before.String(), c.After.String())
			}
			if c.Persist() {
				diff(a.Stdout, reserved.Path, string(c.FileBefore), string(c.FileAfter))
			}
		case !c.Runtime() && !c.Persist() && o.renew:
			fmt.Fprintln(a.Stdout, "nothing to renew")
		case !c.Runtime() && !c.Persist():
			fmt.Fprintf(a.Stdout, "%s: nothing to %s\n", ports, command)
		case o.renew:
			fmt.Fprintf(a.Stdout, "renewed: %s of other files\n", page.Nothing(ports))
			sayHalves(a.Stdout, c)
		default:
			fmt.Fprintf(a.Stdout, "%sd %s\n", command, ports)
			sayHalves(a.Stdout, c)
		}
	}
	if stays := ports.Intersect(s.Theirs()); command == "release" && len(stays) > 0 {
		for _, other := range s.Others() {
			if p := ports.Intersect(other.Ports); len(p) > 0 {
				fmt.Fprintf(a.Stderr, "portguard: %s stays reserved: %s has it\n", p, page.Safe(other.Line.Where()))
			}
		}
	}
	warnOfFiles(a, s, c)
}

func sayHalves(w io.Writer, c reserved.Change) {
	if c.Runtime() {
		fmt.Fprintf(w, "  now   %s: %s, was %s\n", portrange.KernelReserved.Dotted(), page.Nothing(c.After), page.Nothing(c.Before))
	}
	switch {
	case !c.Persist():
	case c.FileAfter == nil:
		fmt.Fprintf(w, "  boot  %s is removed\n", reserved.Path)
	default:
		fmt.Fprintf(w, "  boot  %s is written\n", reserved.Path)
	}
}

// diff shows two texts of a few lines: what goes, what comes.
func diff(w io.Writer, name, before, after string) {
	old, now := lines(before), lines(after)
	fmt.Fprintln(w, name)
	for _, l := range old {
		if !slices.Contains(now, l) {
			fmt.Fprintf(w, "- %s\n", page.Safe(l))
		}
	}
	for _, l := range now {
		if !slices.Contains(old, l) {
			fmt.Fprintf(w, "+ %s\n", page.Safe(l))
		}
	}
}

func lines(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return l == "" })
}

// warnOfFiles names the lines of other people's files that are in the way. They are never changed.
func warnOfFiles(a *cli.App, s reserved.State, c reserved.Change) {
	for _, l := range s.Garbage() {
		fmt.Fprintf(a.Stderr, "portguard: %s: the kernel refuses %q (ports and ranges with commas, without spaces and quotes); left alone\n",
			page.Safe(l.Where()), page.Safe(l.Value))
	}
	for _, lost := range c.Lost() {
		fmt.Fprintf(a.Stderr, "portguard: %s comes after %s, and with %s it has the last word: %s is not reserved after the next boot; "+
			"add it to that line, or remove the line\n", page.Safe(lost.Line.Where()), reserved.Path, lost.Program, lost.Ports)
	}
	if c.TooLong() {
		fmt.Fprintf(a.Stderr, "portguard: %s has a list of more than a page, of which %s applies only the beginning (systemd-sysctl applies all): reserve ranges\n",
			reserved.Path, sysctld.Procps)
	}
}
