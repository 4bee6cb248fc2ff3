package portrange

import "testing"

// Both readings of a range: the kernel's own text, and a value in a file that is going to be written to the kernel.
func FuzzParseRanges(f *testing.F) {
	for _, text := range []string{"32768\t60999", "1024 65000", "0x8000 0170000", "60999 32768", "0 1", "1 65536", "32768", "1 2 3", "-1 5", "\"1\" 2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, parse := range map[string]func(string) (Range, error){"read": parseRange, "assigned": Range{32768, 60999}.Assign} {
			r, err := parse(text)
			switch {
			case err != nil && r != (Range{}):
				t.Errorf("%s: %v, and yet %s", name, err, r)
			case err == nil && r.High < r.Low:
				t.Errorf("%s: %q is %s, which runs backwards", name, text, r)
			}
		}
	})
}
