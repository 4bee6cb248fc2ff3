package systemd

import (
	"errors"
	"testing"
)

func TestServiceName(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string
		why  string
	}{
		{"order", "order.service", ""},
		{"order.service", "order.service", ""},
		{"order@1", "order@1.service", ""},
		{"my.app", "my.app.service", ""},
		{`dev-disk\x2dby`, `dev-disk\x2dby.service`, ""},
		{"order.socket", "", "is no service, which alone has a command to guard"},
		{"order@", "", "is a template: name an instance of it, as in order@1.service"},
		{"", "", "is not the name of a unit"},
		{"../etc", "", "is not the name of a unit"},
		{"a b", "", "is not the name of a unit"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			got, err := ServiceName(tt.text)
			why := ""
			var bad *NameError
			if errors.As(err, &bad) {
				why = bad.Reason
			}
			if got != tt.want || why != tt.why || (err == nil) != (why == "") {
				t.Errorf("got %q, %v, want %q, %q", got, err, tt.want, tt.why)
			}
		})
	}
}
