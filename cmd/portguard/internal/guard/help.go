package guard

import (
	"fmt"
	"strings"

	"portguard/cmd/portguard/internal/cli"
)

const use = "portguard [flags] -p ENDPOINT [-p ENDPOINT]... [-- COMMAND [ARG]...]"

const long = `portguard goes in front of the command that starts a service. It asks the kernel whether the service's port can be bound,
says who has it, frees it as far as the flags allow, and becomes the service. Without COMMAND it does all but the last step.

By default nothing is touched: portguard says who has the port, and exits with 69. Only --share, --wait, --close,
--restart-unit and --kill do anything about it. They are tried in this order, and after each the kernel is asked again.`

const example = `  portguard -p 30010                         who has the port?
  portguard -p 30010 -- java -jar app.jar    start, or say who has the port
  portguard --share --wait 30s -p 30010 -- java -jar app.jar
  portguard --kill --dry-run -p 30010        what would --kill do?`

// Brief is what -h says, what nearly everybody needs, with the names of the other commands.
func Brief(commands []string) string {
	return fmt.Sprintf(brief, strings.Join(commands, ", "))
}

const brief = `Usage: portguard [flags] -p ENDPOINT... [-- COMMAND [ARG]...]

Starts COMMAND, a service, if its port is free, and says who has the port if not. These flags do something about that, the
least harmful first:

  --share           start beside a connection that has the port; nothing is cut
  --wait DURATION   wait until the port is free (30s, 2m, forever)
  --close           cut the connections that have the port
  --restart-unit    restart the systemd service that has the port
  --kill            end the processes that have the port
  --dry-run         say what the others would do, and do nothing

  portguard -p 30010                         who has the port?
  portguard -p 30010 -- java -jar app.jar    start, or say who has the port
  portguard --share -p 30010 -- java -jar app.jar

Commands: %s.

All flags: portguard --help, or man portguard.
`

// greeting is what a person reads who types portguard, and nothing else.
const greeting = `portguard says who has a service's port, and starts the service all the same, with as little harm as you allow.

  portguard -p 8080                      who has port 8080? Nothing is touched
  portguard --share -p 8080 -- COMMAND   start COMMAND beside a connection that has its port; nothing is cut
  sudo portguard audit                   which services of this host can lose their port?

More: portguard -h, portguard --help, man portguard.
`

// greeted is the end of a portguard that had nothing to do.
type greeted struct{}

func (*greeted) Error() string { return "no endpoint" }

// ExitStatus is that of a wrong command line.
func (*greeted) ExitStatus() int { return cli.ExitUsage }

// Reported says that the greeting has said it.
func (*greeted) Reported() {}
