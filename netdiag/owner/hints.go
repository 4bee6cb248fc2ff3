package owner

import (
	"bytes"
	"context"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// ringLink is what the descriptor of an io_uring is a link to.
const ringLink = "anon_inode:[io_uring]"

// kept is what one process may keep without having it open.
type kept struct {
	process Process
	rings   map[uint32]place // by inode: the io_uring that has it as a fixed file
	veiled  map[string]place // by what they are called: an io_uring with sockets of which the kernel does not tell the inodes
	queues  []place          // unix sockets that have descriptors in flight to them
}

// keptBy looks for the wanted sockets in the io_urings of one process, and for queues that may have them. It reads the
// fdinfo of every socket, so it is for sockets that the tables do not explain.
func (sc *scan) keptBy(ctx context.Context, p proc, buf *scratch, wanted map[uint32]bool) (kept, error) {
	var k kept
	_, err := sc.tables(ctx, p, buf, func(at place, link []byte) {
		switch _, socket := parseSocketLink(link); {
		case socket:
			if parseInFlight(fdinfo(p, at, buf)) {
				k.queues = append(k.queues, at)
			}
		case string(link) == ringLink:
			files := ringFiles(p, at, buf)
			for _, ino := range files.inodes {
				if wanted[ino] {
					k.rings = addPlace(k.rings, ino, at)
				}
			}
			for _, name := range files.names {
				k.veiled = addPlace(k.veiled, name, at)
			}
		}
	})
	if err != nil || len(k.rings)+len(k.veiled)+len(k.queues) == 0 {
		return kept{}, err
	}
	if k.process, err = sc.readProcess(p, buf); gone(err) {
		return kept{}, nil
	}
	return k, err
}

// fdinfo is empty for a descriptor that was closed meanwhile, or is closed to us: then it hints at nothing.
func fdinfo(p proc, at place, buf *scratch) []byte {
	b, _, err := readFile(p.dir, under(at.tid, "fdinfo/")+strconv.Itoa(at.fd), buf.file[:0], 16<<20)
	if err != nil {
		return nil
	}
	return b
}

// ringFiles asks a few times: the kernel leaves the list out while it submits for the ring.
func ringFiles(p proc, at place, buf *scratch) fixedFiles {
	for range 3 {
		if files, complete := parseRing(fdinfo(p, at, buf)); complete {
			return files
		}
	}
	return fixedFiles{}
}

// parseInFlight reads the fdinfo of a socket (sock_show_fdinfo in net/socket.c, unix_show_fdinfo in net/unix/af_unix.c).
func parseInFlight(b []byte) bool {
	for line := range bytes.Lines(b) {
		if n, ok := bytes.CutPrefix(line, []byte("scm_fds:")); ok {
			count, err := strconv.ParseUint(string(bytes.TrimSpace(n)), 10, 64)
			return err == nil && count > 0
		}
	}
	return false
}

// fixedFiles are the sockets among the fixed files of an io_uring: by inode or, before Linux 6.13, by what the kernel calls sockets of
// their kind: "TCP", "UDPv6".
type fixedFiles struct {
	inodes []uint32
	names  []string
}

// parseRing lists the sockets among the fixed files in the fdinfo of an io_uring (io_uring/fdinfo.c): lines such as
// "    0: socket:[17232]", or "    0: TCP", after "UserFiles:". It is not complete when the kernel left the list out.
func parseRing(b []byte) (files fixedFiles, complete bool) {
	for line := range bytes.Lines(b) {
		index, file, ok := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		file = bytes.TrimSpace(file)
		switch {
		case string(index) == "UserFiles":
			complete = true
		case string(index) == "UserBufs":
			return files, complete
		case complete && ok:
			if ino, ok := parseSocketLink(file); ok {
				files.inodes = append(files.inodes, ino)
			} else if name := string(file); socketName(file) && !slices.Contains(files.names, name) {
				files.names = append(files.names, name)
			}
		}
	}
	return files, complete
}

// socketName reports whether the kernel calls sockets so that have a port (struct proto).
func socketName(file []byte) bool {
	switch string(file) {
	case "TCP", "TCPv6", "MPTCP", "MPTCPv6", "UDP", "UDPv6":
		return true
	}
	return false
}

// parseCloseOnExec reads the flags of a descriptor (fs/proc/fd.c), which are octal.
func parseCloseOnExec(b []byte) (closes, known bool) {
	for line := range bytes.Lines(b) {
		if n, ok := bytes.CutPrefix(line, []byte("flags:")); ok {
			flags, err := strconv.ParseUint(string(bytes.TrimSpace(n)), 8, 64)
			return flags&unix.O_CLOEXEC != 0, err == nil
		}
	}
	return false, false
}
