package main

import (
	"errors"

	"portguard/systemd"
)

// hint is the one place that gives advice on errors: "" when there is none.
func hint(err error) string {
	var usage *usageError
	var root *needsRootError
	var denied *deniedError
	switch {
	case errors.As(err, &usage) && usage.right != "":
		return usage.right
	case errors.As(err, &denied):
		return denied.hint()
	case errors.As(err, &root):
		return root.sudo()
	case errors.Is(err, systemd.Absent):
		return "portguard -p 30010 -- COMMAND"
	}
	return ""
}
