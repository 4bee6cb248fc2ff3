package main

// usageError is a wrong command line, with a right one.
type usageError struct {
	problem string
	right   string
}

func (e *usageError) Error() string { return e.problem }

// ExitStatus implements what exitCode asks.
func (e *usageError) ExitStatus() int { return exitUsage }

// Hint is the right line.
func (e *usageError) Hint() string { return e.right }
