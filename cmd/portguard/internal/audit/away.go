package audit

import (
	"context"
	"fmt"

	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag/elsewhere"
	"portguard/netdiag/sockdiag"
)

// lookAway finds who serves in other network namespaces, on what was asked about or on any port.
func (r *result) lookAway(ctx context.Context) {
	var ports []sockdiag.PortRange
	for _, p := range r.asked {
		ports = append(ports, sockdiag.PortRange{First: p.Low, Last: p.High})
	}
	all, unseen, err := elsewhere.Servers(ctx, ports)
	r.away = all
	if err != nil {
		r.note(fmt.Sprintf("who serves in other network namespaces cannot be seen: %v", err))
		return
	}
	for _, text := range report.UnseenText(unseen) {
		r.note(text)
	}
}
