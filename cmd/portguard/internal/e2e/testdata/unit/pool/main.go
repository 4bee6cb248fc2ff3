// Command pool is a program with a connection that never ends, from whatever port the kernel picks, as a connection pool
// has. It serves the other end itself and says which port it was.
package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	l, err := net.Listen("tcp4", "127.0.0.1:7000")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	conn, err := net.Dial("tcp4", "127.0.0.1:7000")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("connected", conn.LocalAddr())
	for {
		peer, err := l.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		defer peer.Close()
	}
}
