//go:build !amd64

package owner

// oldWait: newer architectures have none of them.
func oldWait(int) waitKind { return waitsElsewhere }
