package main

import (
	"fmt"

	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/sysctld"
)

// showRange is the command without a range.
func showRange(a *app) error {
	s, err := readRange()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "now        %s\n", s.kernel)
	said := ""
	for _, p := range []sysctld.Program{sysctld.Systemd, sysctld.Procps} {
		line, ok := s.config.Value(p, string(portrange.KernelRange), validRange)
		text := "as the kernel starts: no file sets it"
		if ok {
			r, _ := portrange.ParseAssignedRange(line.Value) // it is valid
			text = fmt.Sprintf("%s by %s", r, safe(line.Where()))
		}
		if text != said {
			label := "boot"
			if said != "" {
				label, text = "", text+", with "+p.String()
			}
			fmt.Fprintf(a.stdout, "%-10s %s\n", label, text)
			said = text
		}
	}
	fmt.Fprintf(a.stdout, "picks      connect() %s ports first, bind() to port 0 %s ones\n", portrange.Parity(s.kernel.Low), portrange.Parity(s.kernel.Low+1))
	s.sayInside(a.stdout, s.kernel)
	warnOfRange(a, s, s.kernel, s.file)
	return nil
}

func validRange(value string) bool {
	_, err := portrange.ParseAssignedRange(value)
	return err == nil
}

// warnOfRange says what is unwise about a range, and which lines of other people's files take it back.
func warnOfRange(a *app, s rangeState, r portrange.Range, file []byte) {
	if r.Low%2 == r.High%2 {
		fmt.Fprintf(a.stderr, "portguard: low and high of %s are both %s: connect() and bind() to port 0 share the ports best when one is even and one is odd, as the kernel's own log says\n",
			r, portrange.Parity(r.Low))
	}
	for _, l := range s.config.With(rangePath, nil).Refused(string(portrange.KernelRange), validRange) {
		fmt.Fprintf(a.stderr, "portguard: %s: %q is not a range (two ports with a space between them); left alone\n", safe(l.Where()), safe(l.Value))
	}
	if file == nil {
		return
	}
	for _, o := range s.config.With(rangePath, file).Overrides(rangePath, string(portrange.KernelRange), validRange) {
		fmt.Fprintf(a.stderr, "portguard: %s comes after %s, and with %s it has the last word: after the next boot the range is another; change or remove that line\n",
			safe(o.Line.Where()), rangePath, o.Program)
	}
}
