package unit

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag/portrange"
	"portguard/systemd"
)

// The JSON document of unit show, schema version 1: fields are added, never renamed or removed.
type JSON struct {
	Version int           `json:"version"`
	Units   []guardedUnit `json:"units"`
}

func unitsJSON(w io.Writer, units []guardedUnit) error { return page.WriteJSON(w, JSON{1, units}) }

// unitsText is a table; ports that follow each other and have all else in common share a line.
func unitsText(w io.Writer, units []guardedUnit) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "UNIT\tFORM\tENDPOINT\tRESERVED\tFLAGS")
	for _, u := range units {
		if u.Problem != "" {
			fmt.Fprintf(t, "%s\t-\t-\t-\t%s\n", page.Safe(u.Unit), page.Safe(u.Problem))
			continue
		}
		form := string(u.Form)
		if u.Outdated {
			form += ", outdated"
		}
		form += u.standing()
		for _, row := range endpointRows(u.Endpoints) {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", page.Safe(u.Unit), form, page.Safe(row.name), yesNo(row.reserved), page.Safe(strings.Join(u.Flags, " ")))
		}
	}
	return t.Flush()
}

// standing is what a person has to know of a guard that will not run, "" of others.
func (u guardedUnit) standing() string {
	switch {
	case u.InForce == nil || *u.InForce:
		return ""
	case u.LoadState == systemd.NotFound:
		return ", no such unit"
	case u.LoadState == systemd.Masked:
		return ", masked"
	case u.LoadState != systemd.Loaded:
		return ", systemd does not load it"
	}
	return ", not in force"
}

type endpointRow struct {
	name     string
	reserved bool
}

// endpointRows names endpoints as -p takes them, ranges for neighbours.
func endpointRows(all []guardedEndpoint) []endpointRow {
	var rows []endpointRow
	for i := 0; i < len(all); {
		first, j := all[i], i+1
		for j < len(all) && all[j].Address == first.Address && all[j].Device == first.Device && all[j].Protocol == first.Protocol &&
			all[j].Reserved == first.Reserved && all[j].Port == all[j-1].Port+1 {
			j++
		}
		name := portrange.Range{Low: first.Port, High: all[j-1].Port}.String() + "/" + first.Protocol
		switch {
		case first.Device != "":
			name = first.Address + "%" + first.Device + " " + name
		case first.Address != "*":
			name = first.Address + " " + name
		}
		rows = append(rows, endpointRow{name, first.Reserved})
		i = j
	}
	return rows
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
