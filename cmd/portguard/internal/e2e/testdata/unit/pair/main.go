// Command pair is a service of two sockets, one for each family, as memcached, sshd and many more are: it goes on with what it gets,
// and ends only when it gets neither. Its argument is the port.
package main

import (
	"fmt"
	"net"
	"os"
	"time"
)

func main() {
	up := 0
	for _, network := range []string{"tcp4", "tcp6"} {
		l, err := net.Listen(network, ":"+os.Args[1])
		if err != nil {
			fmt.Println(err)
			continue
		}
		defer l.Close()
		up++
	}
	if up == 0 {
		os.Exit(1)
	}
	for {
		time.Sleep(time.Hour)
	}
}
