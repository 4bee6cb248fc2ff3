package main

import (
	"context"
	_ "embed"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"portguard/internal/needs"
)

//go:embed init.sh
var initScript string

// neededModules are what the tests need of a kernel beside what it has built in, each after those that it needs itself.
func neededModules() []string {
	return []string{
		"crc-ccitt", "ipv6", "inet_diag", "tcp_diag", "udp_diag", "mptcp_diag", "raw_diag", "netlink_diag", "unix_diag",
		"dummy", "veth", "vrf", "udp_tunnel", "ip6_udp_tunnel", "vxlan",
	}
}

// image writes the file system that the kernel starts with: busybox, modules, the init script, and the tests.
func (l line) image(ctx context.Context, kernel, tests, to string) error {
	root := to + ".root"
	defer os.RemoveAll(root)
	for _, dir := range []string{"bin", "sbin", "usr/bin", "usr/sbin", "etc", "proc", "sys", "dev", "tmp", "root", "modules"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	busybox, err := needs.Find("busybox", "busybox-static")
	if err != nil {
		return err
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		return err
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(root, "bin/busybox"), program, 0o755),
		os.WriteFile(filepath.Join(root, "init"), []byte(initScript), 0o755),
		os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"), 0o644),
		l.copyModules(ctx, kernel, filepath.Join(root, "modules")),
	)
	if err != nil {
		return err
	}
	image, err := os.Create(to)
	if err != nil {
		return err
	}
	defer image.Close()
	if err := writeCPIO(image, root); err != nil {
		return err
	}
	archive, err := os.Open(tests)
	if err != nil {
		return err
	}
	defer archive.Close()
	_, err = io.Copy(image, archive)
	return errors.Join(err, image.Close())
}

// copyModules copies the modules that the kernel has, unpacked, as NN-NAME.ko: insmod in the order of the names will do.
func (l line) copyModules(ctx context.Context, kernel, to string) error {
	dir, err := l.modules(kernel)
	if err != nil {
		return err
	}
	byName := map[string]string{}
	err = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		name, _, isModule := strings.Cut(filepath.Base(path), ".ko")
		if isModule {
			byName[name] = path
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, name := range neededModules() {
		path, ok := byName[name]
		if !ok {
			continue // built in, or not to be had: the tests that need it will say so
		}
		cat := "cat"
		if strings.HasSuffix(path, ".xz") {
			if cat, err = needs.Find("xzcat", "xz-utils"); err != nil {
				return err
			}
		}
		module, err := output(exec.CommandContext(ctx, cat, path))
		if err != nil {
			return err
		}
		number := string([]byte{'0' + byte(i/10), '0' + byte(i%10)})
		if err := os.WriteFile(filepath.Join(to, number+"-"+name+".ko"), []byte(module), 0o644); err != nil {
			return err
		}
	}
	return nil
}
