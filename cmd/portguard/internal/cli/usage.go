package cli

import "portguard/cmd/portguard/internal/mend"

// UsageError is a wrong command line, and what would be right.
type UsageError struct {
	Problem string
	Right   string      // a right line
	Mends   []mend.Mend // what puts the line that was typed right, as far as this mistake goes; with them Right is only an example
}

func (e *UsageError) Error() string { return e.Problem }

// ExitStatus is that of a wrong line.
func (e *UsageError) ExitStatus() int { return ExitUsage }

// Hint is the right line.
func (e *UsageError) Hint() string { return e.Right }

// Misuse is the error of a wrong command line. The line that was typed is shown with its mends, where these make it a right one, and else
// the line that is given here; "" where there is none.
func Misuse(problem, right string, mends ...mend.Mend) error {
	return &UsageError{problem, right, mends}
}

// MisuseOf is the error of a command line of which another was meant.
func MisuseOf(problem string, meant []string) error {
	return &UsageError{Problem: problem, Mends: []mend.Mend{mend.As(meant...)}}
}
