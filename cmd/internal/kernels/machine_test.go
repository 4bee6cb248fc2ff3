package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Where /dev/kvm is there and does not do, in one of the ways that were seen, the tests run emulated, and one line says so.
// The emulator here is a script: a KVM that is broken in a certain way cannot be had on demand.
func TestKVMThatDoesNotDo(t *testing.T) {
	const emulates = `say() { printf '=== kernel\n=== end\n' >"$said"; exit; }
for arg; do case $arg in file:*) said=${arg#file:} ;; kvm) kvm=yes ;; esac; done
[ "$kvm" = yes ] || say
`
	for _, tt := range []struct{ name, kvm, line string }{
		{"it does", "say", ""},
		{"the emulator aborts", "echo 'kvm_buf_set_msrs: Assertion failed' >&2; exit 134",
			"kernels: /dev/kvm does not do, so guests are emulated: it ended before the tests did: exit status 134 kvm_buf_set_msrs: Assertion failed\n"},
		{"the guest never starts", "sleep 60",
			"kernels: /dev/kvm does not do, so guests are emulated: it ended before the tests did: the tests did not begin within 3s signal: killed\n"},
		{"the guest hangs later", `echo '=== kernel' >"$said"; sleep 60`,
			"kernels: /dev/kvm does not do, so guests are emulated: it ended before the tests did: the tests said nothing for 1s signal: killed\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write := func(name, text string, mode os.FileMode) string {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), mode); err != nil {
					t.Fatal(err)
				}
				return path
			}
			write("boot/vmlinuz-5.10", "", 0o644)
			var log strings.Builder
			m := &machine{kvm: true, start: 3 * time.Second, silence: time.Second, log: &log,
				emulator: write("emulator", "#!/bin/sh\n"+emulates+tt.kvm+"\n", 0o755)}
			said := filepath.Join(dir, "said")
			if err := m.boot(t.Context(), line{name: "5.10"}, dir, "", said); err != nil {
				t.Fatal(err)
			}
			if log.String() != tt.line {
				t.Errorf("it says %q, want %q", log.String(), tt.line)
			}
			if works := tt.line == ""; m.kvm != works || !isWhole(said) {
				t.Errorf("KVM is used for the next kernel: %t, want %t", m.kvm, works)
			}
		})
	}
}
