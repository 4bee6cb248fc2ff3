package wrapper

import (
	"os"
	"testing"

	"portguard/netdiag/nstest"
)

func TestMain(m *testing.M) {
	if part := os.Getenv(partEnv); part != "" {
		os.Exit(play(part))
	}
	os.Exit(nstest.Main(m))
}
