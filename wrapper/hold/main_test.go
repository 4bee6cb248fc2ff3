package hold

import (
	"os"
	"testing"

	"portguard/netdiag/nstest"
)

func TestMain(m *testing.M) { os.Exit(nstest.Main(m)) }
