package e2e

import (
	"bytes"
	"errors"
	"maps"
	"net"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"portguard/cmd/portguard/internal/audit"
	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/ports"
	"portguard/cmd/portguard/internal/ready"
	"portguard/cmd/portguard/internal/report"
	"portguard/cmd/portguard/internal/unit"
	"portguard/netdiag/holders"
)

// schemaFile has the schemas of everything that is written with --json.
const schemaFile = "../../../../docs/schema/v1.json"

// documents are the types that are written, by the name of their schema.
func documents() map[string]reflect.Type {
	return map[string]reflect.Type{
		"report":      reflect.TypeFor[report.JSONReport](),
		"readiness":   reflect.TypeFor[ready.JSON](),
		"audit":       reflect.TypeFor[audit.JSON](),
		"units":       reflect.TypeFor[unit.JSON](),
		"reservation": reflect.TypeFor[ports.JSONReservation](),
		"version":     reflect.TypeFor[cli.Version](),
	}
}

// obeys checks a document against its schema, in which, unlike in the published one, nothing may be that is not named.
func obeys(name string, document []byte) error {
	schema, err := readSchema()
	if err != nil {
		return err
	}
	for _, def := range schema["$defs"].(map[string]any) {
		def.(map[string]any)["additionalProperties"] = false
	}
	schema["$ref"] = "#/$defs/" + name
	delete(schema, "anyOf")
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", schema); err != nil {
		return err
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return err
	}
	return compiled.Validate(doc)
}

func readSchema() (map[string]any, error) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		return nil, err
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return schema.(map[string]any), nil
}

// What portguard really writes obeys the schema.
func TestDocumentsObeyTheSchema(t *testing.T) {
	setRange(t, 32768, 60999)
	r := newSysctlRig(t)
	rig := holders.New(t)
	keep(t, rig.Hold(t, 40401, pooled(loopback4)), "pool")
	rig.Hold(t, 40402, tcpSpec(loopback4, holders.TimeWait, holders.Picked))
	l, err := net.Listen("tcp4", "127.0.0.1:40403")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, tt := range []struct{ name, schema, line string }{
		{"free", "report", "--json -p 40400"},
		{"taken", "report", "--json -p 40401-40403,40404/udp"},
		{"with actions", "report", "--json --dry-run --share --close --kill --kill-listeners -p 40401-40403"},
		{"an address that is not there", "report", "--json -p 192.0.2.1:80"},
		{"freed", "report", "--json --kill -p 40401"},
		{"ready", "readiness", "ready --json -p 40403"},
		{"not ready", "readiness", "ready --json --unit order -p 40401,40403,40404/udp"},
		{"audit", "audit", "audit --json --sample 50ms 40401-40404,5353/udp"},
		{"reserve", "reservation", "reserve --json --runtime 40405"},
		{"reserve, in vain", "reservation", "reserve --json --dry-run 40405"},
		{"release", "reservation", "release --json --runtime 40405"},
		{"units", "units", "unit show --json"},
		{"version", "version", "version --json"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := r.Command(r.portguard, strings.Fields(tt.line)...).Output() // where an ordinary user is root, too
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if err := obeys(tt.schema, out); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// A document with a field too many, too few or of another type does not pass: the test above can fail.
func TestTheSchemaRefuses(t *testing.T) {
	const good = `{"schema":1,"version":"v1.0.0","commit":null,"date":null,"modified":false,"go":"go1","platform":"linux/amd64","exact_signals":true}`
	if err := obeys("version", []byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"one more":     strings.Replace(good, "{", `{"more":1,`, 1),
		"one less":     strings.Replace(good, `"modified":false,`, "", 1),
		"another type": strings.Replace(good, `"modified":false`, `"modified":"no"`, 1),
		"no date":      strings.Replace(good, `"date":null`, `"date":"yesterday"`, 1),
	} {
		if err := obeys("version", []byte(bad)); err == nil {
			t.Errorf("%s: %s passes", name, bad)
		}
	}
}

// The schema has every field of the types that are written, as they are written, and no other.
func TestTheSchemaHasEveryField(t *testing.T) {
	schema, err := readSchema()
	if err != nil {
		t.Fatal(err)
	}
	defs := schema["$defs"].(map[string]any)
	seen := map[string]bool{}
	for name, typ := range documents() {
		checkSchemaFields(t, defs, name, typ, seen)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(defs)), slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("definitions (-schema +code)\n%s", diff)
	}
}

func checkSchemaFields(t *testing.T, defs map[string]any, name string, typ reflect.Type, seen map[string]bool) {
	t.Helper()
	seen[name] = true
	def, ok := defs[name].(map[string]any)
	if !ok {
		t.Fatalf("the schema has no %s for %v", name, typ)
	}
	properties := def["properties"].(map[string]any)
	got, required := map[string]bool{}, []string{}
	for i := range typ.NumField() {
		field, options, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		got[field] = true
		if options == "" {
			required = append(required, field)
		}
		p, ok := properties[field].(map[string]any)
		if !ok {
			t.Errorf("%s has no %q", name, field)
			continue
		}
		checkSchemaType(t, defs, name+"."+field, p, typ.Field(i).Type, seen)
	}
	for field := range properties {
		if !got[field] {
			t.Errorf("%s has %q, which is not written", name, field)
		}
	}
	var want []string
	for _, r := range def["required"].([]any) {
		want = append(want, r.(string))
	}
	slices.Sort(want)
	slices.Sort(required)
	if diff := cmp.Diff(want, required); diff != "" {
		t.Errorf("%s: required (-schema +code)\n%s", name, diff)
	}
}

// checkSchemaType compares a property with the Go type that is written for it.
func checkSchemaType(t *testing.T, defs map[string]any, where string, p map[string]any, typ reflect.Type, seen map[string]bool) {
	t.Helper()
	nullable := typ.Kind() == reflect.Pointer
	if nullable {
		typ = typ.Elem()
	}
	types, ref := typesOf(p)
	if slices.Contains(types, "null") != nullable {
		t.Errorf("%s: null is %v in the schema, %v in the code", where, !nullable, nullable)
	}
	if typ.Kind() == reflect.Struct {
		if ref == "" {
			t.Errorf("%s has no definition", where)
		} else {
			checkSchemaFields(t, defs, ref, typ, seen)
		}
		return
	}
	want := map[reflect.Kind]string{
		reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Int64: "integer", reflect.Uint16: "integer",
		reflect.Uint32: "integer", reflect.Uint64: "integer", reflect.Float64: "number", reflect.Slice: "array", reflect.Array: "array",
	}[typ.Kind()]
	if !slices.Contains(types, want) {
		t.Errorf("%s: %v in the schema, %v in the code", where, types, typ)
	}
	if items, ok := p["items"].(map[string]any); ok && typ.Kind() == reflect.Slice {
		checkSchemaType(t, defs, where+"[]", items, typ.Elem(), seen)
	}
}

// typesOf are the JSON types that a property allows, and the definition that it refers to.
func typesOf(p map[string]any) (types []string, ref string) {
	switch one := p["type"].(type) {
	case string:
		types = append(types, one)
	case []any:
		for _, name := range one {
			types = append(types, name.(string))
		}
	}
	if r, ok := p["$ref"].(string); ok {
		ref = strings.TrimPrefix(r, "#/$defs/")
	}
	alternatives, _ := p["anyOf"].([]any)
	for _, a := range alternatives {
		more, r := typesOf(a.(map[string]any))
		types = append(types, more...)
		ref += r
	}
	return types, ref
}
