package place

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/systemd"
)

// Reload has systemd read its files again. Where there is none, as in an image that is being built, nobody has read them.
func Reload(ctx context.Context, dir Place) error {
	m, err := dir.Connect(ctx)
	if errors.Is(err, systemd.Absent) {
		return nil
	}
	if err != nil {
		return err
	}
	defer m.Close()
	return m.Reload(ctx)
}

// edited says what a reload would do to others: to the ports of .socket units whose files name others by now, and what helps. "": nothing. What is
// reloaded to put a change back follows another reload at once, and is not asked about.
func (w Whose) edited(ctx context.Context, m *systemd.Manager) (harm, right string, err error) {
	all, err := m.EditedSockets(ctx)
	if err != nil || len(all) == 0 {
		return "", "", err
	}
	var sockets, units []string
	for _, e := range all {
		sockets = append(sockets, e.Socket)
		units = append(append(units, e.Socket), e.Running...)
	}
	listens := "listens"
	if len(sockets) > 1 {
		listens = "listen"
	}
	harm = fmt.Sprintf("%s %s by files that have changed since systemd read them: a reload, which this takes, closes the ports that they no longer name, and opens no others",
		strings.Join(sockets, ", "), listens)
	right = "%[1]s daemon-reload && %[1]s restart %[2]s"
	if len(units) > len(sockets) { // a socket of a service that runs does not start, and one restart of both is a race of the two
		right = "%[1]s daemon-reload && %[1]s stop %[2]s && %[1]s start %[2]s"
	}
	return harm, fmt.Sprintf(right, w.Manager(), strings.Join(units, " ")), nil
}

// Spares refuses a reload that would close ports.
func (w Whose) Spares(ctx context.Context, m *systemd.Manager) error {
	harm, right, err := w.edited(ctx, m)
	if harm != "" {
		return cli.Misuse(harm, right)
	}
	return err
}

// EditedNow is edited where nothing hangs on systemd's being there, or on its answer.
func (w Whose) EditedNow(ctx context.Context, dir Place) (harm, right string) {
	m, err := dir.Connect(ctx)
	if err != nil {
		return "", ""
	}
	defer m.Close()
	harm, right, _ = w.edited(ctx, m)
	return harm, right
}
