package audit

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"portguard/cmd/portguard/internal/page"
)

// gauge is a metric of OpenMetrics 1.0 and of Prometheus' text format 0.0.4: a document of gauges without timestamps is the
// same in both, as "# UNIT" and "# EOF" are comments to the older one.
type gauge struct {
	name   string
	unit   string // the end of the name; "" for a plain number
	help   string // without backslashes and quotes, which the two formats treat differently
	series []series
}

type series struct {
	labels []label
	value  float64
}

// label is a name of the format and any text.
type label struct{ name, value string }

// add is one more series.
func (g *gauge) add(value float64, labels ...label) {
	g.series = append(g.series, series{labels, value})
}

// single is a metric that has one series, without labels.
func single(name, unit, help string, value float64) gauge {
	return gauge{name, unit, help, []series{{value: value}}}
}

// writeGauges writes a document in one piece. Metrics without series are left out.
func writeGauges(w io.Writer, all []gauge) error {
	var b strings.Builder
	for _, g := range all {
		if len(g.series) == 0 {
			continue
		}
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", g.name, g.help, g.name)
		if g.unit != "" {
			fmt.Fprintf(&b, "# UNIT %s %s\n", g.name, g.unit)
		}
		for _, s := range g.series {
			fmt.Fprintf(&b, "%s%s %s\n", g.name, labelsText(s.labels), strconv.FormatFloat(s.value, 'g', -1, 64))
		}
	}
	b.WriteString("# EOF\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func labelsText(all []label) string {
	if len(all) == 0 {
		return ""
	}
	escapes := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	parts := make([]string, len(all))
	for i, l := range all {
		parts[i] = fmt.Sprintf(`%s="%s"`, l.name, escapes.Replace(page.Safe(l.value)))
	}
	return "{" + strings.Join(parts, ",") + "}"
}
