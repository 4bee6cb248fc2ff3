#!/usr/bin/env bash
# A Go program that imports any hash of crypto/... carries 32 MiB of zeroed data.
#
# Guess: importing crypto/md5 adds some kilobytes of code, and no memory before it is used.
# Behaviour: the FIPS 140-3 module has a scratch buffer of 32 MiB as a variable, and the linker keeps it for every importer,
# though it is for GODEBUG=fips140=on alone. It takes nothing of the file and no resident memory, but the kernel counts it from
# the start as the program's data (VmData), and so does RLIMIT_DATA, which is systemd's LimitDATA=.
# Version: Go 1.26.8, linux/amd64, without GOFIPS140 and GODEBUG.
# Seen, the largest variable, and VmData more than with the first (in MiB):
#   unicode/utf8: below 1 MiB
#   hash/maphash: below 1 MiB, less than 16 more
#   crypto/md5: crypto/internal/fips140/drbg.memory 33554432, 31 to 39 more
#   crypto/rand: crypto/internal/fips140/drbg.memory 33554432, 31 to 39 more
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
command -v go >/dev/null || lacks 'needs go'
[ "$(uname -m)" = x86_64 ] || lacks 'needs amd64'

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
unset GODEBUG GOFIPS140
export GOTOOLCHAIN=go1.26.8 GOFLAGS= GOWORK=off CGO_ENABLED=0
go version || lacks 'needs Go 1.26.8'
go mod init scratch 2>/dev/null

# look PACKAGE: builds a program that imports it and prints its VmData; sets $largest and $data.
look() {
	cat >main.go <<-GO
		package main

		import (
			"os"

			_ "$1"
		)

		func main() {
			b, _ := os.ReadFile("/proc/self/status")
			os.Stdout.Write(b)
		}
	GO
	go build -o program . || lacks 'the build failed'
	largest=$(go tool nm -size -sort size program | awk '$3 ~ /[dDbB]/ && !n++ {print ($2 < 2^20) ? "below 1 MiB" : $4 " " $2}')
	data=$(./program | awk '/^VmData/ {print $2}')
}

look unicode/utf8
first=$data
seen="unicode/utf8: $largest"
for package in hash/maphash crypto/md5 crypto/rand; do
	look $package
	more=$(((data - first) / 1024))
	case $more in
	? | 1[0-5]) more='less than 16 more' ;;
	3[1-9]) more='31 to 39 more' ;;
	esac
	seen+="
$package: $largest, $more"
done
echo "$seen"
[ "$seen" = 'unicode/utf8: below 1 MiB
hash/maphash: below 1 MiB, less than 16 more
crypto/md5: crypto/internal/fips140/drbg.memory 33554432, 31 to 39 more
crypto/rand: crypto/internal/fips140/drbg.memory 33554432, 31 to 39 more' ]
