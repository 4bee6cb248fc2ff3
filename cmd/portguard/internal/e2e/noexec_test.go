package e2e

import (
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/nstest"
)

// A COMMAND, or its interpreter, on a file system that lets nobody execute anything is named as that: execve says only that it is not
// permitted, as of a file that is not executable.
func TestNoExec(t *testing.T) {
	nstest.Root(t)
	const here = "mount -t tmpfs -o noexec none /mnt; cp /bin/true /mnt/app; printf '#!/mnt/app\\n' >/run/script; chmod 755 /run/script"
	for command, says := range map[string]string{
		"/mnt/app":    "portguard: cannot execute /mnt/app: its file system is mounted noexec\n",
		"/run/script": "portguard: cannot execute /run/script: its interpreter \"/mnt/app\": its file system is mounted noexec\n",
	} {
		t.Run(command, func(t *testing.T) {
			a := suffer(t, 20*time.Second, inMounts(t, "mount -t tmpfs none /run; "+here, binary(t), "-p", "23190", "--", command)...)
			if a.status != cli.ExitCannotExec || !strings.Contains(a.text(), says) {
				t.Errorf("status %d, want %q\n%s", a.status, says, a.text())
			}
		})
	}
}

// Without /proc what cannot be seen is named by its file.
func TestElsewhereWithoutProc(t *testing.T) {
	nstest.Root(t)
	a := suffer(t, 20*time.Second, inMounts(t, "umount -l /proc", binary(t), "-v", "-p", "23191")...)
	a.honest(t, cli.ExitOK)
	a.says(t, "whether another network namespace has the port cannot be seen: stat /proc/self/ns/net: no such file or directory")
}
