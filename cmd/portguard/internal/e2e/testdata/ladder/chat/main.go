// Command chat sends numbers to a server, each when the one before has come back, as fast as it can, until stdin ends. It
// makes a new connection when it has lost the one that it had. On stdout: "connected PORT" for each connection, and at the
// end how many numbers came back, how many did not, and how many errors there were.
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	stop := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end, too
		close(stop)
	}()
	var connection net.Conn
	var messages, lost, errs uint64
	for next := uint64(1); ; next++ {
		select {
		case <-stop:
			fmt.Printf("end %d %d %d\n", messages, lost, errs)
			return
		default:
		}
		if connection == nil {
			var err error
			if connection, err = net.Dial("tcp", os.Args[1]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			fmt.Println("connected", connection.LocalAddr().(*net.TCPAddr).Port)
		}
		switch back, err := exchange(connection, next); {
		case err != nil:
			fmt.Fprintln(os.Stderr, err)
			errs++
			connection.Close()
			connection = nil
		case back != next:
			lost++
		default:
			messages++
		}
	}
}

func exchange(c net.Conn, n uint64) (uint64, error) {
	var buf [8]byte
	binary.BigEndian.PutUint64(buf[:], n)
	if _, err := c.Write(buf[:]); err != nil {
		return 0, err
	}
	if _, err := io.ReadFull(c, buf[:]); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(buf[:]), nil
}
