package systemd

import (
	"context"
	"fmt"
	"slices"
)

// maxAlong bounds how many units are looked at for one restart.
const maxAlong = 500

// RestartedWith names the other units that run and that systemd would restart with this one, in order: those that need it,
// are bound to it or are part of it, and in turn those of them.
func (m *Manager) RestartedWith(ctx context.Context, unit string) ([]string, error) {
	seen := map[string]bool{unit: true}
	var along []string
	for queue := []string{unit}; len(queue) > 0; queue = queue[1:] {
		if len(seen) > maxAlong {
			return nil, &Error{Op: "look at", Unit: unit, Err: fmt.Errorf("more than %d units hang on it", maxAlong)}
		}
		all, err := m.conn.GetUnitPropertiesContext(ctx, queue[0])
		if err != nil {
			return nil, &Error{Op: "look at", Unit: queue[0], Err: err}
		}
		p := properties(all)
		if queue[0] != unit {
			if !isUp(p.text("ActiveState")) {
				continue // nor does it pass the restart on
			}
			along = append(along, queue[0])
		}
		for _, dependency := range passedOn {
			for _, next := range p.texts(dependency) {
				if !seen[next] {
					seen[next] = true
					queue = append(queue, next)
				}
			}
		}
	}
	slices.Sort(along)
	return along, nil
}

// passedOn are the dependencies by which a unit that is stopped stops others (UNIT_ATOM_PROPAGATE_STOP of systemd), seen from
// that unit: Requires=, Requisite=, BindsTo=, PartOf= and StopPropagatedFrom=.
var passedOn = [...]string{"RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo"}

// isUp: a unit that is down, or on its way there, is not stopped for another one's sake.
func isUp(active string) bool {
	return active != "inactive" && active != "failed" && active != "deactivating"
}
