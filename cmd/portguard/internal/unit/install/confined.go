package install

import "portguard/systemd"

// noteConfined says which settings of the service's bind portguard as well, where portguard is what systemd starts.
func noteConfined(p *plan, svc systemd.Service) {
	if svc.Sandbox.AppArmorProfile != "" {
		p.say("AppArmorProfile=%s of %s is portguard's, too: where AppArmor is on, it has to let portguard's file be mapped (mr) and the service's own program be executed (ix, px), "+
			"or no start goes through; --as pre is outside of it", svc.Sandbox.AppArmorProfile, svc.Name)
	}
	if svc.Sandbox.PrivatePIDs {
		p.say("PrivatePIDs= of %s hides all other processes from portguard, which then touches nobody; --as pre sees them", svc.Name)
	}
}
