package ports

import (
	"fmt"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/sysctld"
)

// showRange is the command without a range.
func showRange(a *cli.App) error {
	s, err := readRange()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "now        %s\n", s.kernel)
	said := ""
	for _, p := range []sysctld.Program{sysctld.Systemd, sysctld.Procps} {
		line, ok := s.config.Value(p, string(portrange.KernelRange), validRange)
		text := "as the kernel starts: no file sets it"
		if ok {
			r, _ := portrange.ParseAssignedRange(line.Value) // it is valid
			text = fmt.Sprintf("%s by %s", r, cli.Safe(line.Where()))
		}
		if text != said {
			label := "boot"
			if said != "" {
				label, text = "", text+", with "+p.String()
			}
			fmt.Fprintf(a.Stdout, "%-10s %s\n", label, text)
			said = text
		}
	}
	fmt.Fprintf(a.Stdout, "picks      connect() %s ports first, bind() to port 0 %s ones\n", portrange.Parity(s.kernel.Low), portrange.Parity(s.kernel.Low+1))
	s.sayInside(a.Stdout, s.kernel)
	warnOfRange(a, s, s.kernel, s.file)
	return nil
}

func validRange(value string) bool {
	_, err := portrange.ParseAssignedRange(value)
	return err == nil
}

// warnOfRange says what is unwise about a range, and which lines of other people's files take it back.
func warnOfRange(a *cli.App, s rangeState, r portrange.Range, file []byte) {
	if r.Low%2 == r.High%2 {
		fmt.Fprintf(a.Stderr, "portguard: low and high of %s are both %s: connect() and bind() to port 0 share the ports best when one is even and one is odd, as the kernel's own log says\n",
			r, portrange.Parity(r.Low))
	}
	for _, l := range s.config.With(RangePath, nil).Refused(string(portrange.KernelRange), validRange) {
		fmt.Fprintf(a.Stderr, "portguard: %s: %q is not a range (two ports with a space between them); left alone\n", cli.Safe(l.Where()), cli.Safe(l.Value))
	}
	if file == nil {
		return
	}
	for _, o := range s.config.With(RangePath, file).Overrides(RangePath, string(portrange.KernelRange), validRange) {
		fmt.Fprintf(a.Stderr, "portguard: %s comes after %s, and with %s it has the last word: after the next boot the range is another; change or remove that line\n",
			cli.Safe(o.Line.Where()), RangePath, o.Program)
	}
}
