package systemd

import (
	"fmt"
	"strings"
)

// NameError says why a text is not the name of a service.
type NameError struct {
	Text, Reason string
}

func (e *NameError) Error() string { return fmt.Sprintf("%q %s", e.Text, e.Reason) }

// ServiceName completes the name of a service as systemctl does: "order" is order.service. Errors are *NameError.
func ServiceName(text string) (string, error) {
	for _, other := range []string{".socket", ".timer", ".target", ".mount", ".automount", ".swap", ".path", ".slice", ".scope", ".device"} {
		if strings.HasSuffix(text, other) {
			return "", &NameError{text, "is no service, which alone has a command to guard"}
		}
	}
	name := strings.TrimSuffix(text, ".service") + ".service"
	switch {
	case !hasType(name, ".service"):
		return "", &NameError{text, "is not the name of a unit"}
	case strings.HasSuffix(name, "@.service"):
		return "", &NameError{text, "is a template: name an instance of it, as in " + strings.TrimSuffix(name, ".service") + "1.service"}
	}
	return name, nil
}
