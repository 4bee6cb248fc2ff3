package owner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const mountsHybrid = `21 26 0:20 / /proc rw,relatime - proc proc rw
30 22 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
39 30 0:36 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
40 30 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`

func TestCgroup2Mount(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string
		want mount
		ok   bool
	}{
		{"hybrid", mountsHybrid, mount{"/", "/sys/fs/cgroup/unified"}, true},
		{"v2, propagated", "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n", mount{"/", "/sys/fs/cgroup"}, true},
		{"several optional fields", "35 24 0:30 / /c rw shared:9 master:1 unbindable - cgroup2 c rw\n", mount{"/", "/c"}, true},
		{"a part of it first", "35 24 0:30 /a /x rw - cgroup2 c rw\n36 24 0:30 / /y rw - cgroup2 c rw\n", mount{"/", "/y"}, true},
		{"a part of it only", "35 24 0:30 /docker/1 /sys/fs/cgroup ro - cgroup2 c rw\n", mount{"/docker/1", "/sys/fs/cgroup"}, true},
		{"a space in the path", `35 24 0:30 / /my\040c\134 rw - cgroup2 c rw`, mount{"/", `/my c\`}, true},
		{"v1", "39 30 0:36 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n", mount{}, false},
		{"a source of that name", "39 30 0:36 / /x rw - tmpfs cgroup2 rw\n", mount{}, false},
		{"cut off", "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 -\n35 24 - cgroup2 c rw", mount{}, false},
		{"nothing", "", mount{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := cgroup2Mount([]byte(tt.in))
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(mount{})); diff != "" || ok != tt.ok {
				t.Errorf("ok %v, mount (-want +got):\n%s", ok, diff)
			}
		})
	}
}

func FuzzCgroup2Mount(f *testing.F) {
	f.Add([]byte(mountsHybrid))
	f.Add([]byte(`35 24 0:30 / /my\040c\134 rw - cgroup2 c rw`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, ok := cgroup2Mount(b); ok != (m.point != "") || ok != (m.root != "") {
			t.Errorf("ok %v with %+v", ok, m)
		}
	})
}
