package place

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/systemd"
)

// OneService takes the one argument that unit's commands have.
func OneService(command string, args []string) (string, error) {
	right := "portguard unit " + command + " order.service"
	if len(args) != 1 {
		mends := []mend.Mend{mend.Named("order.service")}
		if len(args) > 1 {
			mends = []mend.Mend{mend.Alone, mend.Flagged("-p", flags.IsPort), mend.Instead(args[0])}
		}
		return "", cli.Misuse(fmt.Sprintf("unit %s takes one UNIT, not %d", command, len(args)), right, mends...)
	}
	name, err := systemd.ServiceName(args[0])
	if err != nil {
		return "", cli.Misuse(err.Error(), right, mend.Instead(meantService(args[0])))
	}
	return name, nil
}

// meantService is the service that was probably meant by what is none.
func meantService(typed string) string {
	name := path.Base(typed) // of its file
	ext := path.Ext(name)
	if slices.Contains([]string{".service", ".socket", ".timer", ".path", ".target", ".slice", ".scope", ".mount"}, ext) {
		name = strings.TrimSuffix(name, ext)
	}
	if strings.HasSuffix(name, "@") {
		name += "1"
	}
	if name += ".service"; !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return name
	}
	return "order.service"
}
