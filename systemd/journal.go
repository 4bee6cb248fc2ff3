package systemd

import (
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"
	"golang.org/x/sys/unix"
)

// journalSocket is where journald takes entries.
const journalSocket = "/run/systemd/journal/socket"

// Journal takes entries with fields, in journald's native protocol.
type Journal struct{ Mailbox }

// OpenJournal is nil where journald cannot be reached: none runs, it is outside of our root directory, or AF_UNIX is forbidden.
func OpenJournal() *Journal {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	if unix.Connect(fd, &unix.SockaddrUnix{Name: journalSocket}) != nil {
		return nil
	}
	return &Journal{Mailbox{address: journalSocket}}
}

// Entry writes one entry. What is too long for a datagram goes as a file.
func (j *Journal) Entry(p journal.Priority, message string, fields map[string]string) error {
	all := map[string]string{"PRIORITY": strconv.Itoa(int(p)), "MESSAGE": message}
	maps.Copy(all, fields)
	text := entry(all)
	err := j.Send(text)
	if !errors.Is(err, unix.EMSGSIZE) && !errors.Is(err, unix.ENOBUFS) {
		return err
	}
	fd, err := sealed(text)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return j.Send("", fd)
}

// entry is systemd's "Native Journal Protocol": NAME=value or, for a value with line breaks, its length and bytes.
func entry(fields map[string]string) string {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		b = append(b, name...)
		if strings.Contains(value, "\n") {
			b = append(b, '\n')
			b = binary.LittleEndian.AppendUint64(b, uint64(len(value)))
		} else {
			b = append(b, '=')
		}
		b = append(append(b, value...), '\n')
	}
	return string(b)
}

// sealed is a file in memory that cannot be changed any more, as journald wants it.
func sealed(text string) (fd int, err error) {
	fd, err = unix.MemfdCreate("journal", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	for rest := []byte(text); len(rest) > 0 && err == nil; {
		var n int
		n, err = unix.Write(fd, rest)
		rest = rest[max(n, 0):]
	}
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE)
	}
	if err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("memfd", err)
	}
	return fd, nil
}
