package become

import "unsafe"

// Written by entry, before the Go runtime starts, and by nothing else. All zero when entry did not run.
var (
	startStack   unsafe.Pointer // the initial stack: argc, argv, NULL, envp, NULL, auxiliary vector
	startIgnored uint64         // bit n-1: signal n
	startBlocked uint64         // bit n-1: signal n
	startClosed  uint64         // bit n: fd n, of 0 to 2
)

// noThread is what a thread's memory is until the runtime starts: no g.
//
//lint:ignore U1000 entry uses it
var noThread [2]uintptr

// stackEnviron reads the environment from an initial process stack as the kernel lays it out (create_elf_tables in
// fs/binfmt_elf.c): a word argc, argc pointers and NULL, the environment's pointers and NULL. The strings stay where they are.
func stackEnviron(stack unsafe.Pointer) []string {
	argc := *(*uintptr)(stack)
	const word = unsafe.Sizeof(argc)
	first := (**byte)(unsafe.Add(stack, word*(1+argc+1)))
	n := 0
	for *(**byte)(unsafe.Add(unsafe.Pointer(first), word*uintptr(n))) != nil {
		n++
	}
	environ := make([]string, n)
	for i, entry := range unsafe.Slice(first, n) {
		environ[i] = stringAt(entry)
	}
	return environ
}

// stringAt is the string that ends before the next NUL.
func stringAt(first *byte) string {
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(first), n)) != 0 {
		n++
	}
	return unsafe.String(first, n)
}
