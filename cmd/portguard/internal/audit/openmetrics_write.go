package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/internal/wholefile"
)

// writeRun writes the metrics of a run, and of one that failed that it did.
func writeRun(a *cli.App, r *result, failed error, began time.Time, file string) error {
	all := runGauges(failed == nil, began, time.Now())
	if failed == nil {
		all = append(all, r.gauges()...)
	}
	return errors.Join(failed, writeMetrics(a.Stdout, file, all))
}

// writeMetrics writes to a file, of which readers see the old or the new as a whole, or without one to w.
func writeMetrics(w io.Writer, file string, all []gauge) error {
	if file == "" {
		return writeGauges(w, all)
	}
	var b bytes.Buffer
	if err := writeGauges(&b, all); err != nil {
		return err
	}
	return wholefile.Replace(file, b.Bytes())
}

// checkOutput finds out before the audit whether the file can be put there. A link is not followed, and nothing but a file
// is replaced: --output /dev/stdout would cost the host its /dev/stdout.
func checkOutput(file string) error {
	dir, err := os.Stat(filepath.Dir(file))
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	if !dir.IsDir() {
		return fmt.Errorf("--output: %s is no directory", filepath.Dir(file))
	}
	before, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--output: %w", err)
	case !before.Mode().IsRegular():
		return fmt.Errorf("--output: %s is no regular file, and is left as it is", file)
	}
	return nil
}
