package unit

import (
	"context"
	"os"
	"path/filepath"

	"portguard/systemd"
	"portguard/systemd/dropin"
)

// unaliased is the name that a service has its drop-in under, where it was called by another: systemd's word or, where none runs, as
// in an image that is being built, the link that an alias is.
func unaliased(ctx context.Context, m *systemd.Manager, dir dropin.Dir, name string) string {
	if m == nil {
		if target, err := os.Readlink(filepath.Join(string(dir), name)); err == nil {
			if real, err := systemd.ServiceName(filepath.Base(target)); err == nil {
				return real
			}
		}
		return name
	}
	svc, err := m.Service(ctx, name)
	if err != nil || svc.LoadState != "loaded" {
		return name
	}
	return svc.Name
}
