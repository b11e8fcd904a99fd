package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"

	"github.com/migplan/migplan/schema"
)

// planSchema is the embedded schema, compiled and as plain JSON. Keywords that
// were violated are looked up in the plain JSON.
type planSchema struct {
	compiled *jsonschema.Schema
	plain    any
}

// theSchema compiles the embedded schema once. No other schema can be loaded:
// the default loader would open local files.
var theSchema = sync.OnceValue(compileSchema)

func compileSchema() planSchema {
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.AssertFormat = true
	c.LoadURL = func(url string) (io.ReadCloser, error) { return nil, errors.New("not loaded: " + url) }
	const url = "migplan:///plan.schema.json" // a relative one is completed with the working directory, which may be gone
	if err := c.AddResource(url, bytes.NewReader(schema.Plan)); err != nil {
		panic(err) // the embedded schema is part of the program
	}
	var plain any
	if err := json.Unmarshal(schema.Plan, &plain); err != nil {
		panic(err)
	}
	return planSchema{c.MustCompile(url), plain}
}

// checkSchema validates the document against the schema and reports each
// violation in terms of a plan.
func (d *document) checkSchema() {
	s := theSchema()
	shown, places := d.forSchema()
	err := s.compiled.Validate(shown)
	var v *jsonschema.ValidationError
	if errors.As(err, &v) {
		d.addViolations(s, places, v)
	}
	if err != nil && !d.refused { // never ignore a violation
		d.add(Error, "type", d.root, "the plan does not match its schema: "+err.Error(), "see migplan schema")
	}
}

// forSchema is the part of the document that the schema validates. The schema
// finds nothing wrong with a plain backup, so only the first one is included:
// a chain of thousands is checked as fast as a short one. places gives the
// position in the file of each included entry of backups.
func (d *document) forSchema() (shown any, places []int) {
	list := child(d.root, "backups")
	if list == nil || list.Kind != yaml.SequenceNode {
		return value(d.root), nil
	}
	few, plain := *list, 0
	few.Content = nil
	for i, entry := range list.Content {
		if isPlain(entry) {
			if plain++; plain > 1 {
				continue
			}
		}
		few.Content, places = append(few.Content, entry), append(places, i)
	}
	root := *d.root
	root.Content = slices.Clone(root.Content)
	root.Content[slices.Index(root.Content, list)] = &few
	return value(&root), places
}

func (d *document) addViolations(s planSchema, places []int, v *jsonschema.ValidationError) {
	for _, c := range v.Causes {
		d.addViolations(s, places, c)
	}
	if len(v.Causes) > 0 {
		return
	}
	_, fragment, _ := strings.Cut(v.AbsoluteKeywordLocation, "#")
	tokens := pointer(fragment)
	if len(tokens) == 0 {
		return
	}
	at := pointer(v.InstanceLocation)
	violation{
		d:       d,
		keyword: tokens[len(tokens)-1],
		schema:  lookup(s.plain, tokens[:len(tokens)-1]),
		node:    d.nodeAt(inFile(at, places)),
		name:    valueName(at),
	}.report()
}

// inFile converts a pointer into the output of forSchema to one into the file.
func inFile(at []string, places []int) []string {
	if len(at) < 2 || at[0] != "backups" {
		return at
	}
	at = slices.Clone(at)
	if i, err := strconv.Atoi(at[1]); err == nil && i < len(places) {
		at[1] = strconv.Itoa(places[i])
	}
	return at
}

// pointer splits a JSON pointer.
func pointer(p string) []string {
	var tokens []string
	for t := range strings.SplitSeq(strings.TrimPrefix(p, "/"), "/") {
		if t != "" {
			tokens = append(tokens, strings.NewReplacer("~1", "/", "~0", "~").Replace(t))
		}
	}
	return tokens
}

// lookup follows a pointer through plain JSON to an object.
func lookup(v any, tokens []string) map[string]any {
	for _, t := range tokens {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[t]
	}
	m, _ := v.(map[string]any)
	return m
}

// nodeAt follows an instance pointer through the document.
func (d *document) nodeAt(tokens []string) *yaml.Node {
	n := d.root
	for _, t := range tokens {
		next := child(n, t)
		if i, err := strconv.Atoi(t); err == nil && n.Kind == yaml.SequenceNode && i < len(n.Content) {
			next = n.Content[i]
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// valueName names the value at a pointer in a diagnostic: its key, or the list
// that it is an entry of.
func valueName(tokens []string) string {
	if len(tokens) == 0 {
		return "the plan"
	}
	last := tokens[len(tokens)-1]
	if _, err := strconv.Atoi(last); err != nil {
		return last
	}
	if len(tokens) == 2 && tokens[0] == "backups" {
		return "an entry of backups"
	}
	return "an entry of " + tokens[len(tokens)-2]
}

// names lists quoted words: "a", "b" or "c".
func names(words []string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = strconv.Quote(w)
	}
	if len(q) < 2 {
		return strings.Join(q, "")
	}
	return strings.Join(q[:len(q)-1], ", ") + " or " + q[len(q)-1]
}

// strs are the strings of a plain JSON list.
func strs(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		out = append(out, fmt.Sprint(e))
	}
	return out
}

// sortedKeys are the keys of a plain JSON object.
func sortedKeys(v any) []string {
	m, _ := v.(map[string]any)
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
