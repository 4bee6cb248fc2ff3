package ports

import (
	"fmt"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/bootrange"
	"portguard/netdiag/portrange/sysctld"
)

// showRange is the command without a range.
func showRange(a *cli.App, o sysctlOptions) error {
	s, err := readRange(o.files())
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "now        %s\n", s.kernel)
	said := ""
	programs := []sysctld.Program{sysctld.Systemd, sysctld.Procps}
	if !o.files() {
		programs = nil
	}
	for _, p := range programs {
		text := bootText(bootrange.Of(s.config, p))
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

func bootText(b bootrange.Boot) string {
	switch {
	case b.Line.Path != "":
		return fmt.Sprintf("%s by %s", b.Range, page.Safe(b.Line.Where()))
	case len(b.Refused) > 0:
		return fmt.Sprintf("%s, as the kernel starts: it refuses %s", b.Range, page.Safe(b.Refused[len(b.Refused)-1].Line.Where()))
	}
	return fmt.Sprintf("%s, as the kernel starts: no file sets it", b.Range)
}

// warnOfRange says what is unwise about a range, and what the next boot makes of the files, ours among them, that was not meant.
func warnOfRange(a *cli.App, s rangeState, r portrange.Range, file []byte) {
	if r.Low%2 == r.High%2 {
		fmt.Fprintf(a.Stderr, "portguard: low and high of %s are both %s: connect() and bind() to port 0 share the ports best when one is even and one is odd, as the kernel's own log says\n",
			r, portrange.Parity(r.Low))
	}
	config := s.config.With(RangePath, file)
	refused := map[string]bool{}
	for _, p := range []sysctld.Program{sysctld.Systemd, sysctld.Procps} {
		boot := bootrange.Of(config, p)
		for _, no := range boot.Refused {
			if where := no.Line.Where(); !refused[where] {
				refused[where] = true
				fmt.Fprintf(a.Stderr, "portguard: %s: the kernel refuses it at boot: %s\n", page.Safe(where), page.Safe(no.Why))
			}
		}
		if file != nil && boot.Line.Path != RangePath && boot.Range != meant(file) && boot.Line.Path != "" {
			fmt.Fprintf(a.Stderr, "portguard: %s comes after %s, and with %s it has the last word: after the next boot the range is %s; change or remove that line\n",
				page.Safe(boot.Line.Where()), RangePath, p, boot.Range)
		}
	}
}

// meant is the range in a file of ours.
func meant(file []byte) portrange.Range {
	var r portrange.Range
	for _, w := range (sysctld.Config{}).With(RangePath, file).Written(sysctld.Procps, string(portrange.KernelRange)) {
		r, _ = r.Assign(w.Line.Value)
	}
	return r
}
