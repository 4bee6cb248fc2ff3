package main

import (
	"context"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// taken starts the server alone while a client has its port. want is where it listens when all is well.
func (e *entry) taken(ctx context.Context, want []string) (t whenTaken, err error) {
	if err := e.write(""); err != nil {
		return t, err
	}
	h, err := hold()
	if err != nil {
		return t, err
	}
	released := false
	defer func() {
		if !released {
			h.release()
		}
		if failed := end(ctx); err == nil {
			err = failed
		}
	}()
	if err := begin(); err != nil {
		return t, err
	}
	for begun := time.Now(); time.Since(begun) < e.watch; time.Sleep(100 * time.Millisecond) {
		p, err := look()
		if err != nil {
			return t, err
		}
		if p.ended() {
			t.Ended, t.Status, t.After, t.Said = true, p.status, p.ran.Seconds(), said()
			if p.code == "2" {
				t.Status = signalOf(p.status)
			}
			return t, nil
		}
		if t.Listens, err = listening(); err != nil {
			return t, err
		}
		if slices.Equal(t.Listens, want) && e.probe.ask() == nil {
			return t, nil // it was not in its way
		}
	}
	t.Said = said()
	h.release()
	released = true
	for begun := time.Now(); time.Since(begun) < e.healIn; time.Sleep(100 * time.Millisecond) {
		if all, err := listening(); err == nil && slices.Equal(all, want) {
			t.Heals = time.Since(begun).Seconds()
			return t, nil
		}
	}
	return t, nil
}

// signalOf is the name of a signal that systemd has as a number.
func signalOf(number string) string {
	n, err := strconv.Atoi(number)
	if err != nil {
		return number
	}
	return unix.SignalName(unix.Signal(n))
}
