package main

import (
	"errors"

	"portguard/netdiag"
)

// hint is the one place that gives advice on errors: "" when there is none.
func hint(err error) string {
	var usage *usageError
	var syntax *netdiag.SyntaxError
	switch {
	case errors.As(err, &usage) && usage.right != "":
		return usage.right
	case errors.As(err, &syntax):
		return "portguard -p " + syntax.Right + " -- COMMAND"
	}
	return ""
}
