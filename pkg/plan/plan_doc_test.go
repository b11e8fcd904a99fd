package plan_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/migplan/migplan/pkg/plan"
	"github.com/migplan/migplan/schema"
)

const planDoc = "../../docs/plan.md"

// keyDoc is what docs/plan.md says about one key of a plan.
type keyDoc struct{ path, kind, standard, example, does, wire string }

// schemaNode reads the schema with its keys in order: JSON is YAML too.
func schemaNode(t *testing.T) *yaml.Node {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal(schema.Plan, &n); err != nil {
		t.Fatal(err)
	}
	return n.Content[0]
}

// get follows keys through maps; nil where there is none.
func get(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		var next *yaml.Node
		for i := 0; n != nil && n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				next = n.Content[i+1]
			}
		}
		n = next
	}
	return n
}

func word(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	return n.Value
}

// keyDocs lists the keys below an object of the schema, in its order.
func keyDocs(root, object *yaml.Node, path string) []keyDoc {
	var out []keyDoc
	properties := get(object, "properties")
	for i := 0; properties != nil && i < len(properties.Content); i += 2 {
		name, own := properties.Content[i].Value, properties.Content[i+1]
		of := func(key string) *yaml.Node {
			if n := get(own, key); n != nil {
				return n
			}
			return get(root, "$defs", strings.TrimPrefix(word(get(own, "$ref")), "#/$defs/"), key)
		}
		d := keyDoc{path: path + name, kind: kindOf(root, own), example: flow(of("examples")), does: word(of("description")), wire: word(of("x-wire"))}
		switch required := get(object, "required"); {
		case required != nil && slices.ContainsFunc(required.Content, func(n *yaml.Node) bool { return n.Value == name }):
			d.standard = "required"
		case of("default") != nil:
			d.standard = "`" + of("default").Value + "`"
		}
		out = append(out, d)
		below := resolve(root, own)
		if items := get(below, "items"); items != nil {
			out = append(out, keyDocs(root, resolve(root, items), d.path+"[].")...)
		}
		out = append(out, keyDocs(root, below, d.path+".")...)
	}
	return out
}

// resolve follows a reference to a definition of the schema.
func resolve(root, n *yaml.Node) *yaml.Node {
	if ref := get(n, "$ref"); ref != nil {
		return get(root, "$defs", strings.TrimPrefix(ref.Value, "#/$defs/"))
	}
	return n
}

// kindOf is the type of a value in words.
func kindOf(root, n *yaml.Node) string {
	n = resolve(root, n)
	list := "list of " + map[bool]string{true: "maps", false: "strings"}[get(resolve(root, get(n, "items")), "properties") != nil]
	types := get(n, "type")
	switch {
	case get(n, "const") != nil:
		return "the number " + get(n, "const").Value
	case get(n, "enum") != nil && types == nil:
		return "the word `" + get(n, "enum").Content[0].Value + "`"
	case word(get(n, "format")) == "date-time":
		return "time"
	case types != nil && len(types.Content) == 2 && word(get(n, "then", "const")) != "":
		return list + ", or `" + word(get(n, "then", "const")) + "`"
	case types != nil && len(types.Content) == 2:
		return "string, or " + list
	case word(types) == "array":
		return list
	case word(types) == "integer":
		return fmt.Sprintf("number, %s to %s", word(get(n, "minimum")), word(get(n, "maximum")))
	}
	return map[string]string{"string": "string", "boolean": "Boolean", "object": "map"}[word(types)]
}

// flow is the first example on one line, as it may be written in a plan.
func flow(examples *yaml.Node) string {
	if examples == nil {
		return ""
	}
	var v any
	if err := examples.Content[0].Decode(&v); err != nil {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return "`" + strings.NewReplacer(`":`, `": `, ",", ", ").Replace(string(b)) + "`"
}

func (d keyDoc) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### `%s`\n\n%s\n\n- type: %s; %s\n", d.path, strings.ReplaceAll(d.does, "  ", " "), d.kind, d.whether())
	fmt.Fprintf(&b, "- example: %s\n- sent as: %s\n\n", d.example, d.wire)
	return b.String()
}

func (d keyDoc) whether() string {
	switch d.standard {
	case "":
		return "optional"
	case "required":
		return "required"
	}
	return "default " + d.standard
}

// docs/plan.md has a section for every key of the schema; -update writes them.
func TestPlanDocListsEveryKey(t *testing.T) {
	root := schemaNode(t)
	var keys strings.Builder
	all := keyDocs(root, root, "")
	for _, d := range all {
		if d.kind == "" || d.does == "" || d.wire == "" || d.example == "" {
			t.Errorf("the schema does not say everything about %s: %+v", d.path, d)
		}
		keys.WriteString(d.markdown())
	}
	if len(all) < 30 {
		t.Errorf("only %d keys", len(all))
	}
	data, err := os.ReadFile(planDoc)
	if err != nil {
		t.Fatal(err)
	}
	const from, to = "<!-- keys: go test ./pkg/plan -run TestPlanDoc -update -->\n", "<!-- end of keys -->"
	head, rest, ok := strings.Cut(string(data), from)
	_, tail, closed := strings.Cut(rest, to)
	if !ok || !closed {
		t.Fatal("the page has no place for the keys")
	}
	compareWithFile(t, planDoc, head+from+"\n"+keys.String()+to+tail)
}

// The places that x-wire names are in the requests of plans with every key, and no
// value of a request is left unnamed. It is long because it compares two sets in
// both directions.
func TestSchemaNamesEveryPlaceInTheRequest(t *testing.T) {
	sent := map[string]bool{}
	for _, text := range []string{everyKey, strings.Replace(everyKey, "overwrite: [ims]\n", "rename: other\n", 1), everyKeyRDS} {
		p, ds := plan.Load("plan.yaml", []byte(text))
		if p == nil {
			t.Fatal(ds)
		}
		steps, err := plan.Steps(p)
		if err != nil {
			t.Fatal(err)
		}
		req, err := steps[0].Request(1)
		if err != nil {
			t.Fatal(err)
		}
		var body any
		if err := json.Unmarshal(req.Body, &body); err != nil {
			t.Fatal(err)
		}
		leaves("", body, sent)
	}
	named := map[string]bool{"base_info.engine_type": true} // always sqlserver
	root := schemaNode(t)
	for _, d := range keyDocs(root, root, "") {
		for _, w := range strings.FieldsFunc(d.wire, func(r rune) bool { return strings.ContainsRune(" ,;:", r) }) {
			if strings.Contains(w, "_info.") || strings.HasPrefix(w, "options.") {
				named[w] = true
			}
		}
	}
	for path := range named {
		if !sent[path] && path != "base_info.tags" && path != "options.reset_db_name_map" {
			t.Errorf("x-wire names %s, which no request has", path)
		}
	}
	for path := range sent {
		if !named[path] && !strings.HasPrefix(path, "options.reset_db_name_map.") {
			t.Errorf("%s is in a request, and no key says so", path)
		}
	}
}

// leaves adds the paths of all plain values in v.
func leaves(path string, v any, to map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, sub := range v {
			leaves(strings.TrimPrefix(path+"."+key, "."), sub, to)
		}
	case []any:
		for _, sub := range v {
			leaves(path, sub, to)
		}
	default:
		to[path] = true
	}
}

const everyKey = `version: 1
name: ims-prod
description: nightly
tags: [{key: team, value: dba}]
generation: 2
target:
  region: ap-southeast-3
  project_id: "054ba152d480d55b2f5dc0069e7ddef0"
  instance_id: "0a3182607bc549bcb46cc9a8755761a6in04"
  enterprise_project_id: "0"
  filestream: true
source: {obs: {bucket: zyy-obs, prefix: floder/}}
databases: [ims]
overwrite: [ims]
precheck: false
keep_downloaded_backups: true
accept: [differential]
backups:
  - full: ims.bak
  - cutover
`

const everyKeyRDS = `version: 1
name: ims-prod
target: {region: ap-southeast-3, project_id: "054ba152d480d55b2f5dc0069e7ddef0", instance_id: "0a3182607bc549bcb46cc9a8755761a6in04"}
source: {rds: {instance_id: "7fb189b57339473a929d41dabb3878a2in04", version: "2019_EE"}}
databases: [ims]
backups:
  - full: "0d87037d934848999fdc10bbabb08e6fbr04"
  - cutover
`
