// Command crowd keeps some connections to itself open and exchanges the oldest for a new one all the time, until the file
// that is its argument exists. The port of each is the kernel's choice. At the end it says how many there were, and how
// often each port was picked: "made 1000", "40100 31".
package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

func main() {
	size := flag.Int("size", 4, "how many connections are open at a time")
	flag.Parse()
	if err := crowd(*size, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func crowd(size int, end string) error {
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var open []pair
	picked := map[int]int{}
	for made := 0; ; {
		if made%64 == 0 {
			if _, err := os.Stat(end); err == nil {
				tell(made, picked)
				return nil
			}
		}
		if len(open) == size {
			open[0].close()
			open = open[1:]
		}
		p, err := connect(server)
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		open = append(open, p)
		made++
		picked[p.client.LocalAddr().(*net.TCPAddr).Port]++
		if made == size {
			if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
				return err
			}
		}
		time.Sleep(500 * time.Microsecond) // the others on this machine want to get on, too
	}
}

func tell(made int, picked map[int]int) {
	fmt.Println("made", made)
	for _, port := range slices.Sorted(maps.Keys(picked)) {
		fmt.Println(port, picked[port])
	}
}

// pair is a connection, both ends of it.
type pair struct{ client, server net.Conn }

func connect(server net.Listener) (pair, error) {
	client, err := net.Dial("tcp4", server.Addr().String())
	if err != nil {
		return pair{}, err
	}
	peer, err := server.Accept()
	if err != nil {
		client.Close()
		return pair{}, err
	}
	// Nothing stays in TIME_WAIT.
	return pair{client, peer}, client.(*net.TCPConn).SetLinger(0)
}

func (p pair) close() {
	p.client.Close()
	p.server.Close()
}
