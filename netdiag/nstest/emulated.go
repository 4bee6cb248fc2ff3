package nstest

import "os"

// Emulated reports whether the tests run in an emulator, as PORTGUARD_TEST_EMULATED says: there no time means anything.
func Emulated() bool { return os.Getenv("PORTGUARD_TEST_EMULATED") != "" }
