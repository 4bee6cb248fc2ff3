package owner

import "testing"

func TestFileSystemOf(t *testing.T) {
	const mounts = `22 1 254:0 / / rw shared:1 - ext4 /dev/vda rw
23 22 0:5 / /home rw - nfs4 server:/home rw
24 23 0:6 / /home/ann rw - btrfs /dev/vdb rw
25 22 0:7 / /home\040of/x rw - fuse.sshfs x rw
26 22 0:8 / /mnt rw - ext4 /dev/vdc rw
27 22 0:9 / /mnt rw - fuse deaf rw
`
	for path, want := range map[string]string{
		"/": "ext4", "/var/lib/docker": "ext4", "/home": "nfs4", "/home/bob/.local": "nfs4", "/home/ann/.local": "btrfs", "/homes": "ext4",
		"/home/ann/../bob": "nfs4", "/home of/x/y": "fuse.sshfs", "/mnt/a": "fuse",
	} {
		if got := fileSystemOf([]byte(mounts), path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	for kind, want := range map[string]bool{"ext4": true, "overlay": true, "nfs4": false, "fuse.sshfs": false, "autofs": false, "9p": false, "": false} {
		if isLocal(kind) != want {
			t.Errorf("%q is local: %v", kind, !want)
		}
	}
}
