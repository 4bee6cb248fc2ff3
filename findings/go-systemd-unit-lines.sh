#!/usr/bin/env bash
# go-systemd's unit.Deserialize refuses unit files that systemd reads.
#
# Guess: the package of the systemd bindings that reads unit files takes what systemd takes, and gives the value that it sees.
# Behaviour: a line of more than 2,048 bytes, a comment between the lines of a continued one, and a line without "=" are errors
# for the whole file; systemd reads the first two without a word and passes over the third with a warning. A continuation
# is not joined: backslash and newline stay in the value, where systemd has a space.
# Version: github.com/coreos/go-systemd/v22 v22.7.0; systemd-analyze of systemd 252.39-1~deb12u2 (Debian 12; no privilege).
# Seen (that systemd has read a line shows by its complaint that there is no such program):
#   long line:
#     go-systemd: line too long (max 2048 bytes)
#     systemd: Command /nowhere is not executable
#   comment in a continued line:
#     go-systemd: unexpected newline encountered while parsing option name
#     systemd: Command /nowhere is not executable
#   line without =:
#     go-systemd: unexpected newline encountered while parsing option name
#     systemd: Command /nowhere is not executable
#   continued line:
#     go-systemd: "\\\n/nowhere"
#     systemd: Command /nowhere is not executable
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
command -v go >/dev/null || lacks 'needs go'
version=252.39-1~deb12u2

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download systemd=$version libsystemd-shared=$version >apt.log 2>&1 ||
	lacks "needs Debian's systemd $version"
for deb in *.deb; do dpkg -x "$deb" root; done
libraries=$(dirname "$(find "$tmp/root" -name libsystemd-shared-252.so)")
analyze() { LD_LIBRARY_PATH=$libraries root/usr/bin/systemd-analyze "$@"; }
analyze --version >version.log || lacks 'needs the libraries of systemd-analyze'
head -n 1 version.log

cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/coreos/go-systemd/v22/unit"
)

func main() {
	options, err := unit.Deserialize(os.Stdin)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n", options[0].Value)
}
GO
export GOFLAGS= GOWORK=off
go mod init scratch 2>/dev/null
go get github.com/coreos/go-systemd/v22@v22.7.0 2>go.log && go build -o deserialize . || lacks 'needs go-systemd v22.7.0'

seen=
# show NAME TEXT: what both say to a [Service] section with this text.
show() {
	printf '[Service]\n%b\n' "$2" >look.service
	analyze verify --man=no --recursive-errors=no ./look.service >verify.log 2>&1 || :
	seen+="$1:
  go-systemd: $(./deserialize <look.service)
  systemd: $(grep -o 'Command .* is not executable' verify.log || cat verify.log)
"
}
show 'long line' "ExecStart=/nowhere $(printf '%04000d' 0)"
show 'comment in a continued line' 'ExecStart=\\\n# a comment\n/nowhere'
show 'line without =' 'ExecStart=/nowhere\nnonsense'
show 'continued line' 'ExecStart=\\\n/nowhere'
printf %s "$seen"
[ "$seen" = 'long line:
  go-systemd: line too long (max 2048 bytes)
  systemd: Command /nowhere is not executable
comment in a continued line:
  go-systemd: unexpected newline encountered while parsing option name
  systemd: Command /nowhere is not executable
line without =:
  go-systemd: unexpected newline encountered while parsing option name
  systemd: Command /nowhere is not executable
continued line:
  go-systemd: "\\\n/nowhere"
  systemd: Command /nowhere is not executable
' ]
