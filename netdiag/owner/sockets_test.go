package owner

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
)

// A socket of another process is listed where Find finds it, and what was closed to the one was closed to the other.
func TestSocketsListsWhatFindFinds(t *testing.T) {
	h := start(t, "table", nil)
	inode := h.inode(t)
	res := find(t, inode)
	all, complete, err := Scanner{}.Sockets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []where
	for _, p := range all {
		if p.Inode == inode {
			got = append(got, where{p.PID, p.TID, p.FD})
		}
	}
	if want := places(res.Owners[inode]); len(want) != 1 || !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	want := res.Unreadable == 0 && !res.Hidepid && !res.ChildPIDNamespace
	if complete != want {
		t.Errorf("complete: %v, and Find says %d unreadable, hidepid %v, child pid namespace %v",
			complete, res.Unreadable, res.Hidepid, res.ChildPIDNamespace)
	}
}

func TestSocketsWithoutAnAnswer(t *testing.T) {
	if _, all, err := (Scanner{Root: t.TempDir()}).Sockets(t.Context()); !errors.Is(err, ErrNoProc) || all {
		t.Errorf("without /proc: %v, %v", all, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, all, err := (Scanner{}).Sockets(ctx); !errors.Is(err, context.Canceled) || all {
		t.Errorf("cancelled: %v, %v", all, err)
	}
}

func TestHas(t *testing.T) {
	h := start(t, "table", nil)
	inode := h.inode(t)
	if got := (Scanner{}).Has(h.pid, []uint32{inode, 1}); !slices.Equal(got, []uint32{inode}) {
		t.Errorf("%v, want %d", got, inode)
	}
	if got := (Scanner{}).Has(os.Getpid(), []uint32{inode}); got != nil {
		t.Errorf("we have %v", got)
	}
	if got := (Scanner{}).Has(1<<30, []uint32{inode}); got != nil {
		t.Errorf("nobody has %v", got)
	}
}
