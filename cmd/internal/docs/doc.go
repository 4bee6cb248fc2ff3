// Package docs has no code but tests: they run what README.md and docs/ say, and compare what is answered with what is printed.
//
//	go test ./cmd/internal/docs            in namespaces of this host, in some seconds
//	go test ./cmd/internal/docs -fresh     the first steps in a fresh Debian, with the package: some minutes
//	go test ./cmd/internal/docs -update    print what is answered into the documents
package docs
