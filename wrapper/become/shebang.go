package become

import (
	"bytes"
	"fmt"
)

// binprmBufSize is how much of a file the kernel looks at to see what it is (BINPRM_BUF_SIZE, Linux 5.1; 128 before).
const binprmBufSize = 256

// parseShebang returns the interpreter that the first bytes of a file name after "#!", empty when they name none. It
// follows load_script in fs/binfmt_script.c: blanks are spaces and tabs, and a name that may have been cut off is no name.
func parseShebang(head []byte) string {
	line, isScript := bytes.CutPrefix(head, []byte("#!"))
	if !isScript {
		return ""
	}
	line, _, whole := bytes.Cut(line, []byte("\n"))
	line = bytes.TrimLeft(line, " \t")
	end := bytes.IndexAny(line, " \t\x00")
	if end >= 0 {
		return string(line[:end])
	}
	if !whole && len(head) >= binprmBufSize {
		return ""
	}
	return string(line)
}

// interpreterError is the failure of a script whose interpreter cannot be executed: execve gives the same errno as if the
// script itself were missing.
type interpreterError struct {
	Interpreter string
	Err         error
}

func (e *interpreterError) Error() string {
	return fmt.Sprintf("its interpreter %q: %v", e.Interpreter, e.Err)
}

func (e *interpreterError) Unwrap() error { return e.Err }
