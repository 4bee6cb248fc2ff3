package cli

import (
	"strings"

	"github.com/spf13/pflag"
)

// rightLine is a command line that has a flag.
func rightLine(command, flag string) string {
	line, rest := command, ""
	switch command {
	case "portguard":
		rest = " -p 30010 -- COMMAND"
	case "portguard hold", "portguard ready":
		rest = " -p 30010"
	case "portguard reserve", "portguard release":
		rest = " 30010"
	case "portguard range":
		rest = " 32768-60999"
	case "portguard unit install":
		line, rest = line+" order.service", " -p 30010"
	}
	switch flag {
	case "port":
		return line + rest
	case "signal", "grace", "kill-listeners":
		line += " --kill"
	case "only":
		line += " --close"
	case "restart-delay", "restart-limit", "ready-timeout", "stop-timeout", "stop-signal", "process-group":
		line += " --restart on-failure"
	case "as-user":
		line += " --reuseport"
	case "netns":
		rest = strings.TrimSuffix(rest, " -- COMMAND")
	case "output":
		line += " --openmetrics"
	}
	return line + " --" + flag + ExampleOf(flag) + rest
}

// ExampleOf is a value of a flag, with the space before it; "" for one that takes none.
func ExampleOf(flag string) string {
	return map[string]string{
		"port": " 30010", "reuseaddr": " yes", "wait": " 30s", "signal": " TERM", "grace": " 10s", "only": " unit=redis.service", "hold": " none",
		"restart": " on-failure", "restart-delay": " 1s", "restart-limit": " 5/1m", "ready-timeout": " 30s", "stop-timeout": " 10s", "stop-signal": " QUIT",
		"ready": " 30s", "pid": " 2022", "unit": " order.service", "netns": " 4242", "as-user": " root",
		"as": " wrapper", "downtime": " 10s", "sample": " 2s", "output": " portguard.prom",
	}[flag]
}

func example(f *pflag.Flag) string { return strings.TrimSpace(ExampleOf(f.Name)) }
