package owner

// Below are the processes that descend from one, of all that Stats lists, children before grandchildren.
func Below(pid int, all []Stat) []Stat {
	children := map[int][]Stat{}
	for _, s := range all {
		children[s.Parent] = append(children[s.Parent], s)
	}
	var found []Stat
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		found = append(found, children[next[0]]...)
		for _, s := range children[next[0]] {
			next = append(next, s.PID)
		}
	}
	return found
}
