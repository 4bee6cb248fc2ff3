package wrapper

import (
	"fmt"
	"net"
	"time"
)

// connectForEver makes a connection with itself every millisecond and says "thousand" for each thousand.
func connectForEver() int {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println("ready")
	for n := 1; ; n++ {
		due := time.Now().Add(time.Millisecond)
		if err := connectOnce(l); err != nil {
			fmt.Println("error", err)
			return 1
		}
		if n%1000 == 0 {
			fmt.Println("thousand")
		}
		time.Sleep(time.Until(due))
	}
}

func connectOnce(l net.Listener) error {
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	accepted, err := l.Accept()
	if err != nil {
		return err
	}
	return accepted.Close()
}
