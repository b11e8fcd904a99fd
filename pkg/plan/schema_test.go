package plan_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/migplan/migplan/pkg/plan"
	"github.com/migplan/migplan/schema"
)

func plainSchema(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(schema.Plan, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSchemaIsDraft202012(t *testing.T) {
	if got := plainSchema(t)["$schema"]; got != "https://json-schema.org/draft/2020-12/schema" {
		t.Errorf("$schema is %v", got)
	}
	var v any = plainSchema(t)
	meta, err := jsonschema.NewCompiler().Compile("https://json-schema.org/draft/2020-12/schema")
	if err != nil {
		t.Fatal(err) // the library contains it
	}
	if err := meta.Validate(v); err != nil {
		t.Errorf("%#v", err)
	}
}

// eachSchema calls f for every schema in the file, with its JSON pointer.
func eachSchema(at string, s map[string]any, f func(at string, s map[string]any)) {
	f(at, s)
	for _, key := range slices.Sorted(maps.Keys(s)) {
		switch key {
		case "properties", "$defs":
			for name, sub := range s[key].(map[string]any) {
				eachSchema(at+"/"+key+"/"+name, sub.(map[string]any), f)
			}
		case "items", "if", "then", "else", "not":
			eachSchema(at+"/"+key, s[key].(map[string]any), f)
		}
	}
}

// leading are the keywords that refuse nothing themselves: they describe, or lead
// to other schemas. All others can refuse a value.
var leading = []string{"x-wire", "$schema", "$id", "title", "description", "default", "examples", "properties", "items", "$defs", "$ref", "if", "then"}

// Every keyword of the schema that can refuse a value has a case in report.
func TestEverySchemaKeywordHasAMessage(t *testing.T) {
	source, err := os.ReadFile("violation.go")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\tcase (".*"):$`).FindAllStringSubmatch(string(source), -1) {
		for word := range strings.SplitSeq(m[1], ", ") {
			known[strings.Trim(word, `"`)] = true
		}
	}
	used := map[string]bool{}
	eachSchema("#", plainSchema(t), func(at string, s map[string]any) {
		for key := range s {
			if slices.Contains(leading, key) {
				continue
			}
			used[key] = true
			if !known[key] {
				t.Errorf("%s: report has no case for %s", at, key)
			}
		}
	})
	if len(used) < 10 {
		t.Errorf("only %v are used", used)
	}
}

// Editors show these: every key of a plan has a title or a description, and every
// key whose value is not plain has both.
func TestSchemaDescribesEveryKey(t *testing.T) {
	defs := plainSchema(t)["$defs"].(map[string]any)
	eachSchema("#", plainSchema(t), func(at string, s map[string]any) {
		properties, _ := s["properties"].(map[string]any)
		for name, sub := range properties {
			p := maps.Clone(sub.(map[string]any))
			if ref, ok := p["$ref"].(string); ok {
				maps.Copy(p, defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any))
				maps.Copy(p, sub.(map[string]any))
			}
			for _, key := range []string{"title", "description"} {
				if text, _ := p[key].(string); len(text) < 3 {
					t.Errorf("%s/%s has no %s", at, name, key)
				}
			}
		}
		if properties != nil && s["additionalProperties"] != false {
			t.Errorf("%s accepts unknown keys", at)
		}
	})
}

// Examples and defaults match their own schema.
func TestSchemaExamplesValidate(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	if err := c.AddResource("plan.schema.json", strings.NewReader(string(schema.Plan))); err != nil {
		t.Fatal(err)
	}
	tried := 0
	eachSchema("#", plainSchema(t), func(at string, s map[string]any) {
		examples, _ := s["examples"].([]any)
		if d, ok := s["default"]; ok {
			examples = append(examples, d)
		}
		for _, e := range examples {
			tried++
			compiled, err := c.Compile("plan.schema.json" + at)
			if err != nil {
				t.Fatal(err)
			}
			if err := compiled.Validate(e); err != nil {
				t.Errorf("%s: example %v: %v", at, e, err)
			}
		}
	})
	if tried < 20 {
		t.Errorf("only %d examples", tried)
	}
}

// Defaults in the schema equal those of a plan without the key.
func TestSchemaDefaultsMatchPlanDefaults(t *testing.T) {
	properties := plainSchema(t)["properties"].(map[string]any)
	var written strings.Builder
	for name, p := range properties {
		if d, ok := p.(map[string]any)["default"]; ok && name != "overwrite_unattended" {
			fmt.Fprintf(&written, "%s: %v\n", name, d)
		}
	}
	without, _ := plan.Load("plan.yaml", []byte(base))
	with, ds := plan.Load("plan.yaml", []byte(base+written.String()))
	if with == nil || fmt.Sprintf("%+v", *with.Source.OBS) != fmt.Sprintf("%+v", *without.Source.OBS) {
		t.Fatal(ds)
	}
	if with.Precheck != without.Precheck || with.KeepDownloaded != without.KeepDownloaded || with.Generation != without.Generation {
		t.Errorf("with %q:\n%+v\nwithout:\n%+v", written.String(), with, without)
	}
}
