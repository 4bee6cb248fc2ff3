// Service stands for portguard in the tests: it says what it inherited, or becomes another program.
//
//	service inherited            prints AtStart, as JSON
//	service exec COMMAND ARG...  becomes COMMAND; on failure prints the error and its own Sig lines of /proc/self/status
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"portguard/wrapper/become"
)

func init() { runtime.LockOSThread() }

func main() {
	in := become.AtStart()
	if os.Args[1] == "inherited" {
		_ = json.NewEncoder(os.Stdout).Encode(in)
		return
	}
	path, err := become.Resolve(os.Args[2], in.Environ)
	if err == nil {
		before := signals()
		err = become.Exec(path, os.Args[2:], in)
		if after := signals(); after != before {
			fmt.Printf("signals were\n%s\nand are\n%s\n", before, after)
		}
	}
	fmt.Println(err)
	var cannot *become.Error
	if errors.As(err, &cannot) && cannot.NotFound() {
		os.Exit(127)
	}
	os.Exit(126)
}

func signals() string {
	status, _ := os.ReadFile("/proc/thread-self/status")
	var lines []string
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "Sig") && !strings.HasPrefix(line, "SigQ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
