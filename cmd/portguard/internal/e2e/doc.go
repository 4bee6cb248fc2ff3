// Package e2e has no code but tests: they run the built program as a whole, beside real holders, real services and a real systemd.
package e2e
