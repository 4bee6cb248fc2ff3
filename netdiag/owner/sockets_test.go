package owner

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"

	"portguard/netdiag/nstest"
)

// A socket of another process is listed where Find finds it, and it is said whether that is all.
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
	closed := closedTables(t) // of Find's own, there are none where the kernel looks for it
	if want := closed == 0 && !res.Hidepid && !res.ChildPIDNamespace; complete != want {
		t.Errorf("complete: %v, and there are %d closed tables, hidepid %v, child pid namespace %v", complete, closed, res.Hidepid, res.ChildPIDNamespace)
	}
}

// closedTables is how many processes' tables a walk through /proc cannot read.
func closedTables(t *testing.T) (n int) {
	t.Helper()
	sc, err := Scanner{}.scan()
	if err != nil {
		t.Fatal(err)
	}
	defer sc.close()
	all, err := survey(t.Context(), sc, func(ctx context.Context, p proc, buf *scratch) (found, error) {
		return sc.openedBy(ctx, p, buf, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.unreadable {
			n++
		}
	}
	return n
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

func TestConceals(t *testing.T) {
	nstest.Root(t)
	table, ring := start(t, "table", nil).pid, start(t, "ring", nil).pid
	if (Scanner{}).Conceals(table) {
		t.Error("a process whose descriptors all show conceals some")
	}
	if !(Scanner{}).Conceals(ring) {
		t.Error("an io_uring conceals nothing")
	}
	nstest.As(t, 65534, func() {
		if !(Scanner{}).Conceals(table) {
			t.Error("what is closed to another user conceals nothing")
		}
	})
}
