package ports

import (
	"io"

	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/reserved"
	"portguard/netdiag/portrange/sysctld"
)

// The JSON document of reserve and release, schema version 1: fields are added, never renamed or removed.
type (
	JSONReservation struct {
		Version int             `json:"version"`
		Ports   string          `json:"ports"`   // what was asked for; without PORTS, what is reserved now
		Changed bool            `json:"changed"` // or would be, with --dry-run
		DryRun  bool            `json:"dry_run"`
		Now     JSONReservedNow `json:"now"`
		Boot    JSONReservedAt  `json:"boot"`
	}
	// JSONReservedNow is ip_local_reserved_ports, as "portguard reserve" takes ports.
	JSONReservedNow struct {
		Before string `json:"before"`
		After  string `json:"after"`
	}
	JSONReservedAt struct {
		File    string `json:"file"`    // portguard's own
		Changed bool   `json:"changed"` // written, or removed when it has no port left
		After   string `json:"after"`   // what all files reserve then, as systemd applies them
	}
)

// changeJSON tells a program, such as one that brings a fleet into a state, what has changed, or would.
func changeJSON(w io.Writer, ports portrange.Set, c reserved.Change, dryRun bool) error {
	return page.WriteJSON(w, JSONReservation{
		Version: 1, Ports: ports.String(), Changed: c.Runtime() || c.Persist(), DryRun: dryRun,
		Now:  JSONReservedNow{c.Before.String(), c.After.String()},
		Boot: JSONReservedAt{reserved.Path, c.Persist(), c.AtBoot(sysctld.Systemd).String()},
	})
}
