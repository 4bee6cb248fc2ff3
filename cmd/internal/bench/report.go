package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// checkReport asks portguard who has the port, and wants every owner named: what is fast and leaves one out is no use.
func checkReport(argv []string, h holder, unit string) error {
	out, status, err := output(append(argv, "--json", "-p", strconv.Itoa(h.port))...)
	if err != nil {
		return err
	}
	var report struct {
		Endpoints []struct {
			Holders []struct {
				Kind      string
				Unit      *string
				Processes []struct{ PID int }
			}
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return fmt.Errorf("status %d: %w\n%s", status, err, out)
	}
	const taken = 69
	if status != taken || len(report.Endpoints) != 1 || len(report.Endpoints[0].Holders) != 1 {
		return fmt.Errorf("status %d, want %d and one holder of port %d:\n%s", status, taken, h.port, out)
	}
	got := report.Endpoints[0].Holders[0]
	var owners []int
	for _, p := range got.Processes {
		owners = append(owners, p.PID)
	}
	wanted := slices.Sorted(slices.Values(h.owners))
	if got.Kind != "client" || !slices.Equal(owners, wanted) {
		return fmt.Errorf("port %d: a %s of processes %d, want a client of %d:\n%s", h.port, got.Kind, owners, wanted, out)
	}
	if unit != "" && (got.Unit == nil || *got.Unit != unit) {
		return fmt.Errorf("port %d: not named as %s's:\n%s", h.port, unit, out)
	}
	return nil
}
