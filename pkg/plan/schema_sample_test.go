package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

// refusals lists the node and the keyword of every violation of the schema in v.
func refusals(t *rapid.T, d *document, v any, places []int) []string {
	t.Helper()
	var out []string
	var walk func(v *jsonschema.ValidationError)
	walk = func(v *jsonschema.ValidationError) {
		for _, c := range v.Causes {
			walk(c)
		}
		if len(v.Causes) == 0 {
			n := d.nodeAt(inFile(pointer(v.InstanceLocation), places))
			out = append(out, fmt.Sprint(pos(n), v.KeywordLocation))
		}
	}
	var all *jsonschema.ValidationError
	if errors.As(theSchema().compiled.Validate(v), &all) {
		walk(all)
	}
	slices.Sort(out)
	return out
}

// The schema finds the same violations, at the same positions, in the entries
// that forSchema includes and in the whole file.
func TestSchemaFindsTheSameWithOnePlainBackup(t *testing.T) {
	entries := []string{
		"full: a.bak", "incremental: b.bak", "incremental: [b.bak, c.bak]", "incremental:\n      - d.bak", "full: \"\\u0001\"",
		"cutover", "cutover: {unattended: true}", "cutover: {unattended: 1}", "cutover:", "incremental", "incremental:",
		"incremental: ''", "incremental: []", "incremental: [x.bak, '']", "incremental: [x.bak, 7]", "incremental: 7", "incremental: true",
		"incremental: {a: b}", "differential: x.bak", "{full: a.bak, incremental: b.bak}", "{}", "[]", "7", "~", "2027-01-01", "full: 2027-01-01",
		"incremental: [[x.bak]]", "{full: x.bak, unknown: 1}",
	}
	rapid.Check(t, func(t *rapid.T) {
		drawn := rapid.SliceOfN(rapid.SampledFrom(entries), 0, 12).Draw(t, "entries")
		file := "version: 1\nbackups:\n  - " + strings.Join(drawn, "\n  - ") + "\nname: 7\n"
		d := &document{root: parsed(t, file)}
		few, places := d.forSchema()
		got, want := refusals(t, d, few, places), refusals(t, d, value(d.root), nil)
		if !slices.Equal(got, want) {
			t.Errorf("%s\nincluded entries:\n%s\nwhole file:\n%s", file, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func parsed(t *rapid.T, file string) *yaml.Node {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(file), &n); err != nil {
		t.Fatal(err)
	}
	return n.Content[0]
}
