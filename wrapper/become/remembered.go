package become

import (
	"encoding/binary"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// signalTable is the Go runtime's fwdSig: by signal, the handler that was there before its own; for the signals that it installs
// none for, nothing.
type signalTable [lastSignal + 1]uintptr

// remembered are the signals that were ignored and blocked when the process started, as the Go runtime noted them down: what
// it found in place of its handlers, for a program that may have been loaded by one in C, and the mask that new threads get.
// The linker lets nobody name these two variables, so they are looked up in the program's own symbol table, which a
// plain build has and a stripped one has not. It has to be asked before os/signal changes what was noted.
//
//go:nocheckptr
func remembered() (ignored, blocked SignalSet, ok bool) {
	const fwdSig, mask, witness = "runtime.fwdSig", "runtime.initSigmask", "portguard/wrapper/become.startIgnored"
	at := symbols(map[string]uint64{
		fwdSig:  uint64(unsafe.Sizeof(signalTable{})),
		mask:    uint64(unsafe.Sizeof(blocked)),
		witness: uint64(unsafe.Sizeof(startIgnored)),
	})
	if len(at) != 3 {
		return 0, 0, false
	}
	now, err := ignoredNow()
	if err != nil {
		return 0, 0, false
	}
	for sig, handler := range (*signalTable)(fromWitness(at[fwdSig] - at[witness])) {
		if handler == sigIgn {
			now = now.With(unix.Signal(sig))
		}
	}
	words := (*[2]uint32)(fromWitness(at[mask] - at[witness])) // signals 1 to 32 first, on any machine
	return now, SignalSet(words[0]) | SignalSet(words[1])<<32, true
}

// fromWitness is the variable that lies so far from startIgnored: wherever the program was loaded, that is as its table says.
//
//go:nocheckptr
func fromWitness(distance uint64) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(&startIgnored), int(distance))
}

// symbols are the addresses of the variables with these names and sizes, by the symbol table of the program that runs: ELF of 64
// bits, as elf(5) has it. Those that are not found, or all where there is no such table, are left out.
func symbols(sizes map[string]uint64) map[string]uint64 {
	const wordSize = unsafe.Sizeof(uintptr(0))
	program, err := mapProgram()
	if err != nil || wordSize != 8 {
		return nil
	}
	defer func() { _ = unix.Munmap(program) }()

	found := map[string]uint64{}
	order := binary.NativeEndian
	part := func(offset, size uint64) []byte {
		if offset > uint64(len(program)) || size > uint64(len(program))-offset {
			return nil
		}
		return program[offset : offset+size]
	}
	const headerSize, sectionSize, symbolSize, symbolTable = 64, 64, 24, 2
	header := part(0, headerSize)
	if header == nil {
		return nil
	}
	sections, n := order.Uint64(header[40:]), uint64(order.Uint16(header[60:]))
	for i := range n {
		section := part(sections+i*sectionSize, sectionSize)
		if section == nil || order.Uint32(section[4:]) != symbolTable {
			continue
		}
		beside := part(sections+uint64(order.Uint32(section[40:]))*sectionSize, sectionSize)
		if beside == nil {
			continue
		}
		table, names := part(order.Uint64(section[24:]), order.Uint64(section[32:])), part(order.Uint64(beside[24:]), order.Uint64(beside[32:]))
		for ; len(table) >= symbolSize; table = table[symbolSize:] {
			size := order.Uint64(table[16:])
			for name, want := range sizes {
				if size == want && hasName(names, order.Uint32(table), name) {
					found[name] = order.Uint64(table[8:])
				}
			}
		}
	}
	return found
}

// hasName reports whether the string at this place of a string table is the name.
func hasName(names []byte, at uint32, name string) bool {
	end := uint64(at) + uint64(len(name))
	return end < uint64(len(names)) && names[end] == 0 && string(names[at:end]) == name
}

// mapProgram maps the file of this program, of which little is read.
func mapProgram() ([]byte, error) {
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
}
