package notify

import "portguard/netdiag/owner"

// descends reports whether a process is below another. It need not live any more, as long as nobody has waited for it. A
// parent that ends while we look has left its children to somebody else, so we look again.
func descends(pid, from int) bool {
	const attempts = 3
	for range attempts {
		if found, again := climb(pid, from); !again {
			return found
		}
	}
	return false
}

// climb goes from a process to its parent and on. again: one that was a parent a moment ago is gone.
func climb(pid, from int) (found, again bool) {
	for at := pid; ; {
		s, err := owner.Scanner{}.Stat(at)
		switch {
		case err != nil:
			return false, at != pid
		case s.Parent == from:
			return true, false
		case s.Parent <= 1:
			return false, false
		}
		at = s.Parent
	}
}
