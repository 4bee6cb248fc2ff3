package become

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

func TestStackEnviron(t *testing.T) {
	for _, tt := range []struct {
		name    string
		argv    []string
		environ []string
	}{
		{"nothing at all", nil, []string{}},
		{"empty environment", []string{"portguard"}, []string{}},
		{"order, duplicates, no '=', empty entries", []string{"portguard", ""}, []string{"B=1", "A=", "B=2", "plain", "", "=x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var pin runtime.Pinner
			defer pin.Unpin()
			stack := []unsafe.Pointer{} // argc goes first, below
			push := func(entries []string) {
				for _, s := range entries {
					b := append([]byte(s), 0)
					pin.Pin(&b[0])
					stack = append(stack, unsafe.Pointer(&b[0]))
				}
				stack = append(stack, nil)
			}
			stack = append(stack, nil)
			push(tt.argv)
			push(tt.environ)
			*(*uintptr)(unsafe.Pointer(&stack[0])) = uintptr(len(tt.argv))

			if diff := cmp.Diff(tt.environ, stackEnviron(unsafe.Pointer(&stack[0]))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
