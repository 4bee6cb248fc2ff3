package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"syscall"

	"golang.org/x/sys/unix"
)

// columns are as many as can be read in a narrow column of a page.
const columns, rows = 80, 32

// ofThisMachine are the lines that tell from which programs, in which directory, the story was started.
var ofThisMachine = regexp.MustCompile(`(?s)\n  (\x1b\[2m)?from(\x1b\[0m)? .*?\r\n\r\n`)

// recordTo plays on a terminal, and writes what is seen on it as a cast and as a picture that moves.
func recordTo(name string) error {
	text, err := onTerminal(columns, rows)
	if err != nil {
		return err
	}
	events := layOut(fold(ofThisMachine.ReplaceAllString(text, "\n\r\n"), columns))
	if err := os.WriteFile(name+".cast", cast(events, columns, rows), 0o644); err != nil {
		return err
	}
	return os.WriteFile(name+".svg", svg(events, columns, rows), 0o644)
}

// onTerminal runs this program on a new terminal, and returns all that it wrote there.
func onTerminal(columns, rows uint16) (string, error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return "", err
	}
	defer master.Close()
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return "", err
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return "", err
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
		return "", err
	}
	tty, err := os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return "", err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args[0] = "demo"
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	tty.Close()
	if err != nil {
		return "", err
	}
	shown, err := io.ReadAll(master)
	if errors.Is(err, unix.EIO) { // that is how the end of a terminal reads
		err = nil
	}
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return "", fmt.Errorf("%v\n%s", err, shown)
	}
	return string(shown), nil
}
