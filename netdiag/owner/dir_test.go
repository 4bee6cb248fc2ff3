package owner

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// packDirent makes one struct linux_dirent64, padded to 8 bytes as the kernel does.
func packDirent(ino uint64, kind uint8, name string) []byte {
	size := (direntHeader + len(name) + 1 + 7) &^ 7
	b := binary.NativeEndian.AppendUint64(nil, ino)
	b = binary.NativeEndian.AppendUint64(b, 0)
	b = binary.NativeEndian.AppendUint16(b, uint16(size))
	b = append(append(b, kind), name...)
	return append(b, make([]byte, size-len(b))...)
}

func TestNextDirent(t *testing.T) {
	whole := packDirent(17, unix.DT_LNK, "272")
	sized := func(size uint16) []byte {
		b := append([]byte(nil), whole...)
		binary.NativeEndian.PutUint16(b[16:], size)
		return b
	}
	for _, tt := range []struct {
		name string
		in   []byte
		err  string
	}{
		{"whole", whole, ""},
		{"shorter than its header", whole[:18], "directory entry of 18 bytes"},
		{"cut off", whole[:20], "directory entry claims 24 of 20 bytes"},
		{"a size of nothing", sized(0), "directory entry claims 0 of 24 bytes"},
		{"a size beyond the end", sized(32), "directory entry claims 32 of 24 bytes"},
		{"a name without an end", sized(direntHeader + 3), "directory entry without end of name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, rest, err := nextDirent(tt.in)
			checkError(t, err, tt.err)
			if err != nil {
				return
			}
			if fd, ok := e.number(); fd != 272 || !ok || e.ino != 17 || e.kind != unix.DT_LNK || len(rest) != 0 {
				t.Errorf("entry %+v, rest %d bytes", e, len(rest))
			}
		})
	}
}

func TestDirentNumber(t *testing.T) {
	for name, want := range map[string]int{
		"0": 0, "272": 272, "2147483647": 2147483647,
		"": -1, ".": -1, "self": -1, "1x": -1, "-1": -1, "2147483648": -1, "99999999999": -1,
	} {
		n, ok := dirent{cname: []byte(name + "\x00")}.number()
		if ok != (want >= 0) || ok && n != want {
			t.Errorf("%q: %d, %v, want %d", name, n, ok, want)
		}
	}
}

func FuzzNextDirent(f *testing.F) {
	f.Add(append(packDirent(1, unix.DT_DIR, "."), packDirent(17, unix.DT_LNK, "272")...))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			e, rest, err := nextDirent(b)
			if err != nil {
				return
			}
			if len(rest) >= len(b) || strings.Contains(string(e.name()), "\x00") {
				t.Fatalf("entry %q leaves %d of %d bytes", e.name(), len(rest), len(b))
			}
			b = rest
		}
	})
}

// More entries than one getdents64 call gives, against the standard library.
func TestNumbersOfRealDirectory(t *testing.T) {
	dir := t.TempDir()
	want := make([]int, 0, 100)
	for n := range 100 {
		want = append(want, n)
		if err := os.WriteFile(filepath.Join(dir, string(rune('0'+n/10))+string(rune('0'+n%10))), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fd, err := openDir(unix.AT_FDCWD, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer closeDir(fd)
	got, err := numbers(fd, make([]byte, 256))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

func TestReadFileStopsAtLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cmdline")
	if err := os.WriteFile(path, []byte(strings.Repeat("x", 10_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		limit, size int
		cut         bool
	}{{100, 100, true}, {9_999, 9_999, true}, {10_000, 10_000, false}, {20_000, 10_000, false}} {
		b, cut, err := readFile(unix.AT_FDCWD, path, make([]byte, 0, 64), tt.limit)
		if err != nil || len(b) != tt.size || cut != tt.cut {
			t.Errorf("limit %d: %d bytes, cut %v, %v; want %d, %v", tt.limit, len(b), cut, err, tt.size, tt.cut)
		}
	}
}
