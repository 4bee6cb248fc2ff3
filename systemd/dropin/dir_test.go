package dropin

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/internal/wholefile"
)

// tree is what there is below a directory: files with their modes and texts.
func tree(t *testing.T, dir Dir) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(string(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, string(dir))
		all[name] = info.Mode().String()
		if !d.IsDir() {
			text, err := os.ReadFile(path)
			all[name] += " " + string(text)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func put(t *testing.T, dir Dir, name, text string) {
	t.Helper()
	path := filepath.Join(string(dir), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var (
	first  = DropIn{Unit: "a.service", Pre: "+/portguard -p 1"}
	second = DropIn{Unit: "a.service", Exec: "/portguard -p 2 -- /a"}
)

// After install, install again and remove, everything is as it was.
func TestRemoveLeavesNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(t *testing.T, dir Dir)
	}{
		{"nothing was there", func(*testing.T, Dir) {}},
		{"an empty directory was there", func(t *testing.T, dir Dir) {
			if err := os.Mkdir(filepath.Join(string(dir), "a.service.d"), 0o755); err != nil {
				t.Fatal(err)
			}
		}},
		{"a drop-in of the administrator's was there", func(t *testing.T, dir Dir) { put(t, dir, "a.service.d/override.conf", "[Service]\n") }},
		{"other units are guarded, too", func(t *testing.T, dir Dir) {
			if err := dir.Write(DropIn{Unit: "b.service", Pre: "+/x"}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := Dir(t.TempDir())
			tt.before(t, dir)
			want := tree(t, dir)
			for _, in := range []DropIn{first, second} {
				if err := dir.Write(in); err != nil {
					t.Fatal(err)
				}
				got, err := dir.Read(in.Unit)
				in.OwnDir = got.OwnDir
				if diff := cmp.Diff(in, got); diff != "" || err != nil {
					t.Errorf("%v (-written +read)\n%s", err, diff)
				}
			}
			if err := dir.Remove("a.service"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
				t.Errorf("(-before +after)\n%s", diff)
			}
			if err := dir.Remove("a.service"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a second time: %v, want fs.ErrNotExist", err)
			}
		})
	}
}

// A drop-in that came into our directory later stays, and so does the directory.
func TestRemoveKeepsWhatCameLater(t *testing.T) {
	dir := Dir(t.TempDir())
	if err := dir.Write(first); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "a.service.d/override.conf", "[Service]\n")
	if err := dir.Remove("a.service"); err != nil {
		t.Fatal(err)
	}
	want := []string{"", "/a.service.d", "/a.service.d/override.conf"}
	got := tree(t, dir)
	for _, name := range want {
		if _, ok := got[name]; !ok || len(got) != len(want) {
			t.Errorf("left: %v, want %q", got, want)
		}
	}
}

// A file of our name that is not ours is neither overwritten nor removed.
func TestForeignFileStays(t *testing.T) {
	dir := Dir(t.TempDir())
	put(t, dir, "a.service.d/"+FileName, "[Service]\n")
	want := tree(t, dir)
	if err := dir.Write(first); !errors.Is(err, ErrForeign) {
		t.Errorf("write: %v", err)
	}
	if err := dir.Remove("a.service"); !errors.Is(err, ErrForeign) {
		t.Errorf("remove: %v", err)
	}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
}

// A drop-in whose command was edited away is ours still.
func TestRemoveOfAnEditedFile(t *testing.T) {
	dir := Dir(t.TempDir())
	if err := dir.Write(first); err != nil {
		t.Fatal(err)
	}
	in := first
	in.Pre, in.OwnDir = "", true
	put(t, dir, "a.service.d/"+FileName, in.Render())
	if _, err := dir.Read("a.service"); err == nil {
		t.Error("it reads as if there were a command in it")
	}
	if err := dir.Remove("a.service"); err != nil {
		t.Error(err)
	}
	if got := tree(t, dir); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
}

func TestList(t *testing.T) {
	dir := Dir(t.TempDir())
	for _, unit := range []string{"b.service", "a@1.service"} {
		if err := dir.Write(DropIn{Unit: unit, Pre: "+/x"}); err != nil {
			t.Fatal(err)
		}
	}
	put(t, dir, "c.service.d/override.conf", "")
	put(t, dir, "d.service", "")
	put(t, dir, "not-a-directory.d", "")
	put(t, dir, "foreign.service.d/"+FileName, "")
	got, err := dir.List()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a@1.service", "b.service", "foreign.service"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWritable(t *testing.T) {
	if err := Dir(t.TempDir()).Writable(); err != nil {
		t.Error(err)
	}
	if err := Dir("/nowhere").Writable(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "--bind", "-o", "ro", dir, dir).CombinedOutput(); err != nil {
		t.Skipf("needs the right to mount: %v %s", err, out)
	}
	defer func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	if err := Dir(dir).Writable(); !errors.Is(err, unix.EROFS) {
		t.Errorf("read-only: %v, want EROFS", err)
	}
}

// A link in the place of the file is nothing of ours, whatever it leads to, and neither is a pipe, which is not waited for.
func TestForeignKindsOfFile(t *testing.T) {
	dir := Dir(t.TempDir())
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(string(dir), "a.service.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, dir.Path("a.service")); err != nil {
		t.Fatal(err)
	}
	if err := dir.Write(first); !errors.Is(err, ErrForeign) {
		t.Errorf("a link in the place of the file: %v", err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "as it was" {
		t.Errorf("the file behind the link is %q, %v", text, err)
	}
	if err := os.Remove(dir.Path("a.service")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(dir.Path("a.service"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := dir.Write(first); !errors.Is(err, wholefile.ErrNoFile) {
		t.Errorf("a pipe in the place of the file: %v", err)
	}
}
