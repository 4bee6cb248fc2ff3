package wrapper

import (
	"errors"
	"testing"
	"time"

	"portguard/netdiag/sockdiag"
)

// Whatever the kernel does with an orphan, nothing is left of the one that was made to find out.
func TestNothingIsLeftOfTheOrphan(t *testing.T) {
	diag, err := sockdiag.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer diag.Close()
	orphan, peer, err := makeOrphan()
	if err != nil {
		t.Fatal(err)
	}
	if now, err := diag.Lookup(t.Context(), orphan); err != nil || now.State != sockdiag.FinWait1 || now.Inode != 0 {
		t.Fatalf("it is in %s, inode %d, %v; want FIN_WAIT1 and no inode", now.State, now.Inode, err)
	}
	err = diag.Destroy(t.Context(), orphan)
	_, look := diag.Lookup(t.Context(), orphan)
	t.Logf("SOCK_DESTROY: %v, and then: %v", err, look)
	abortPeer(peer)
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err = diag.Lookup(t.Context(), orphan); errors.Is(err, sockdiag.ErrGone) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it is still there: %v", err)
		}
	}
	if could := errors.Is(look, sockdiag.ErrGone); endsOrphans(t.Context(), diag) != could {
		t.Errorf("endsOrphans() is %v", !could)
	}
}
