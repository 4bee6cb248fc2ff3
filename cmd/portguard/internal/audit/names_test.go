package audit

import (
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Who renames a metric has to look at all of these.
func TestMetricNamesAgree(t *testing.T) {
	now := time.Now()
	var written []string
	for _, g := range append(runGauges(true, now, now), portReport().gauges()...) {
		written = append(written, g.name)
	}
	slices.Sort(written)
	names := func(text string) []string {
		all := regexp.MustCompile(`portguard_[a-z_]+`).FindAllString(text, -1)
		slices.Sort(all)
		return slices.Compact(all)
	}
	doc, err := os.ReadFile("../../../../docs/fleet.md")
	if err != nil {
		t.Fatal(err)
	}
	var inDoc []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(portguard_[a-z_]+)").FindAllStringSubmatch(string(doc), -1) {
		inDoc = append(inDoc, row[1])
	}
	slices.Sort(inDoc)
	if diff := cmp.Diff(written, inDoc); diff != "" {
		t.Errorf("docs/fleet.md has other metrics (-written +documented)\n%s", diff)
	}
	for _, file := range []string{"grafana-dashboard.json", "portguard.rules.yml"} {
		text, err := os.ReadFile("../../../../docs/examples/prometheus/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names(string(text)) {
			if !slices.Contains(written, name) {
				t.Errorf("%s: %s is not written", file, name)
			}
		}
	}
}
