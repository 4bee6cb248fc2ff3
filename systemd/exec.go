package systemd

import (
	"slices"
	"strings"
)

// Exec is a command of a service: specifiers and escapes expanded, variables not.
type Exec struct {
	Path string
	Args []string // with the program's name first
}

// Is reports whether the command is this one, and Begins whether it is this one with more behind it.
func (e Exec) Is(argv []string) bool { return e.Begins(argv) && len(e.Args) == len(argv) }

func (e Exec) Begins(argv []string) bool {
	return len(argv) > 0 && len(argv) <= len(e.Args) && e.Path == argv[0] && slices.Equal(Words(e.Args[:len(argv)]), Words(argv))
}

// Words makes command lines comparable: a $ that stands for itself is doubled where variables are expanded.
func Words(args []string) []string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = strings.ReplaceAll(a, "$$", "$")
	}
	return words
}
