package container

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"

	"portguard/netdiag/owner"
)

// dockerContainer is one entry of docker's list, as far as we use it.
type dockerContainer struct {
	ID    string `json:"Id"`
	Names []string
	Ports []dockerPort
}

// dockerPort is a port that is open to the host when it has a PublicPort.
type dockerPort struct {
	IP         string
	PublicPort uint16
	Type       string // "tcp", "udp"
}

// name is the container's own; "/other/web" are those that links of other containers give it.
func (c dockerContainer) name() string {
	for _, n := range c.Names {
		if n = strings.TrimPrefix(n, "/"); plain(n) {
			return n
		}
	}
	return ""
}

// dockerContainers asks the engine of a user, the system's for uid 0, for the containers that run.
func (f Files) dockerContainers(ctx context.Context, uid uint32) ([]dockerContainer, error) {
	socket := "/run/docker.sock"
	if uid != 0 {
		socket = fmt.Sprintf("/run/user/%d/docker.sock", uid)
	}
	if !owner.OnLocalDisk(f.Root + socket) { // of a user's, it is that user who decides what is mounted there
		return nil, errors.New("docker's socket is on no file system of this host's own")
	}
	answer, err := get(ctx, f.Root+socket, "/containers/json")
	if err != nil {
		return nil, err
	}
	return parseContainers(answer)
}

// get reads one document over HTTP from a unix socket. net/http would make the program half as big again, and each of its
// starts two milliseconds longer; in HTTP/1.0 an answer is what comes until the end.
func get(ctx context.Context, socket, path string) ([]byte, error) {
	const most = 16 << 20
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if t, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(t); err != nil {
			return nil, err
		}
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path); err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(io.LimitReader(conn, most+1))
	if err != nil {
		return nil, err
	}
	if len(answer) > most {
		return nil, errors.New("docker's answer has no end")
	}
	return body(answer)
}

// body cuts off the head of an answer that says that all is well.
func body(answer []byte) ([]byte, error) {
	head, body, ok := bytes.Cut(answer, []byte("\r\n\r\n"))
	if !ok {
		return nil, errors.New("docker's answer is cut off")
	}
	status, _, _ := bytes.Cut(head, []byte("\r\n"))
	if word := bytes.Fields(status); len(word) < 2 || !bytes.HasPrefix(word[0], []byte("HTTP/1.")) || string(word[1]) != "200" {
		return nil, errors.New("docker's answer is not one to the question")
	}
	return body, nil
}

// parseContainers leaves out what has no id.
func parseContainers(b []byte) ([]dockerContainer, error) {
	var all []dockerContainer
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(c dockerContainer) bool { return !isID(c.ID) }), nil
}

// publisher is the container that publishes a port: on the same address, else the only one that has it on any.
func publisher(all []dockerContainer, at Listening) (dockerContainer, bool) {
	var found []dockerContainer
	for _, c := range all {
		has := false
		for _, p := range c.Ports {
			if p.PublicPort != at.Port || p.Type != at.Protocol {
				continue
			}
			has = true
			if addr, err := netip.ParseAddr(p.IP); err == nil && addr.Unmap() == at.Addr.Unmap() {
				return c, true
			}
		}
		if has {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		return dockerContainer{}, false
	}
	return found[0], true
}
