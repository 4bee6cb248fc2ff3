package passwd

import (
	"os/user"
	"strconv"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		want       User
		ok         bool
	}{
		{"a user", "ann:x:1000:100:Ann,,,:/home/ann:/bin/sh", User{"ann", 1000, "/home/ann"}, true},
		{"without a shell", "ann:x:1000:100::/home/ann", User{"ann", 1000, "/home/ann"}, true},
		{"the last number", "ann:x:4294967295:100::/:", User{"ann", 1<<32 - 1, "/"}, true},
		{"a number too large", "ann:x:4294967296:100::/:", User{}, false},
		{"no number", "ann:x:many:100::/:", User{}, false},
		{"below zero", "ann:x:-1:100::/:", User{}, false},
		{"no name", ":x:1000:100::/:", User{}, false},
		{"cut off", "ann:x:1000:100", User{}, false},
		{"all of NIS", "+::::::", User{}, false},
		{"one of NIS", "+ann:x:1000:100::/:", User{}, false},
		{"not one of NIS", "-ann:x:1000:100::/:", User{}, false},
		{"a comment", "# ann:x:1000:100::/:", User{}, false},
		{"nothing", "", User{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := parse([]byte(tt.line)); got != tt.want || ok != tt.ok {
				t.Errorf("%+v, %v; want %+v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

// As in the C library, a line may be of any length.
func TestAfterALongLine(t *testing.T) {
	for name, size := range map[string]int{"what a scanner takes": 64 << 10, "and far more": 3 << 20} {
		t.Run(name, func(t *testing.T) {
			text := "bob:x:1000:100:" + strings.Repeat("b", size) + ":/home/bob:/bin/sh\nann:x:1001:100::/home/ann:/bin/sh\n"
			for _, want := range []User{{"bob", 1000, "/home/bob"}, {"ann", 1001, "/home/ann"}} {
				if got, ok := firstIn(strings.NewReader(text), func(u User) bool { return u.Name == want.Name }); !ok || got != want {
					t.Errorf("%+v, %v; want %+v", got, ok, want)
				}
			}
		})
	}
}

// Of this host's own root and of a number that nobody has it says what the library does.
func TestAsTheLibraryDoes(t *testing.T) {
	for _, uid := range []uint32{0, 1, 65534, 4_000_000_000} {
		got, ok := ByUID(uid)
		want, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
		if ok != (err == nil) || ok && (got.Name != want.Username || got.Home != want.HomeDir) {
			t.Errorf("%d: %+v, %v; want %+v, %v", uid, got, ok, want, err)
		}
		if again, found := ByName(got.Name); ok && (!found || again != got) {
			t.Errorf("%q: %+v", got.Name, again)
		}
	}
	if u, ok := ByName(""); ok {
		t.Errorf("no name is %+v", u)
	}
}
