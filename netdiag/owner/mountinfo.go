package owner

import "strings"

// cgroup2Mount finds the best cgroup v2 mount in /proc/self/mountinfo: the one that has most of the hierarchy. On hybrid
// hosts that is /sys/fs/cgroup/unified.
func cgroup2Mount(text []byte) (best mount, ok bool) {
	for line := range strings.Lines(string(text)) {
		m, fstype, valid := parseMount(strings.TrimSuffix(line, "\n"))
		if !valid || fstype != "cgroup2" {
			continue
		}
		if !ok || len(m.root) < len(best.root) {
			best, ok = m, true
		}
	}
	return best, ok
}

// parseMount reads one line of mountinfo, as in proc(5):
//
//	40 30 0:37 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
func parseMount(line string) (m mount, fstype string, ok bool) {
	before, after, ok := strings.Cut(line, " - ")
	left, right := strings.Fields(before), strings.Fields(after)
	if !ok || len(left) < 6 || len(right) < 1 {
		return mount{}, "", false
	}
	return mount{root: unescapeOctal(left[3]), point: unescapeOctal(left[4])}, right[0], true
}

// unescapeOctal undoes mangle() of fs/seq_file.c: "\040" for a space.
func unescapeOctal(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && octal(s[i+1]) && octal(s[i+2]) && octal(s[i+3]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func octal(c byte) bool { return c >= '0' && c <= '7' }
