package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSourcesList(t *testing.T) {
	sites := []string{"http://mirror.example/debian", "http://mirror.example/debian", "http://security.example/debian-security", "https://other.example/repo"}
	const deb = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
	want := deb + "http://mirror.example/debian trixie main\n" + deb + "http://security.example/debian-security trixie-security main\n"
	if diff := cmp.Diff(want, sourcesList(sites, []string{"trixie", "trixie-security"})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNewestFirst(t *testing.T) {
	found := "linux-image-6.1.0-9-cloud-amd64 - Linux 6.1 for x86-64 cloud\n" +
		"linux-image-6.1.0-41-cloud-amd64 - Linux 6.1 for x86-64 cloud\n" +
		"linux-image-6.12.9+deb13-cloud-amd64 - the same\n"
	want := []string{"linux-image-6.12.9+deb13-cloud-amd64", "linux-image-6.1.0-41-cloud-amd64", "linux-image-6.1.0-9-cloud-amd64"}
	if diff := cmp.Diff(want, newestFirst(found)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
