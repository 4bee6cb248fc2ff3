package netdiag_test

import (
	"fmt"
	"os"
	"testing"

	"portguard/netdiag/nstest"
)

func TestMain(m *testing.M) {
	if os.Getenv(explainerEnv) != "" {
		answerEndpoints(os.Stdin, os.Stdout)
		return
	}
	if tree := os.Getenv(serverEnv); tree != "" {
		if err := serveTree(tree); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(nstest.Main(m))
}
