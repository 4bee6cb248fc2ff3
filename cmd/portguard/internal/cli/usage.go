package cli

// UsageError is a wrong command line, with a right one.
type UsageError struct {
	Problem string
	Right   string
}

func (e *UsageError) Error() string { return e.Problem }

// ExitStatus implements what exitCode asks.
func (e *UsageError) ExitStatus() int { return ExitUsage }

// Hint is the right line.
func (e *UsageError) Hint() string { return e.Right }

// Misuse is the error of a wrong command line, with a right one; "" where there is none.
func Misuse(problem, right string) error { return &UsageError{problem, right} }
