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

// planSchema is the embedded schema, once compiled and once as plain JSON, in
// which the keywords behind a complaint are looked up.
type planSchema struct {
	compiled *jsonschema.Schema
	plain    any
}

// theSchema compiles the embedded schema once. Its bytes never change, and no
// other schema can be loaded: the default loader would open local files.
var theSchema = sync.OnceValue(func() planSchema {
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.AssertFormat = true
	c.LoadURL = func(url string) (io.ReadCloser, error) { return nil, errors.New("not loaded: " + url) }
	const url = "plan.schema.json"
	if err := c.AddResource(url, bytes.NewReader(schema.Plan)); err != nil {
		panic(err) // the embedded schema is part of the program
	}
	var plain any
	if err := json.Unmarshal(schema.Plan, &plain); err != nil {
		panic(err)
	}
	return planSchema{c.MustCompile(url), plain}
})

// checkSchema holds the document against the schema and says each violation
// in the words of a plan.
func (d *document) checkSchema() {
	s := theSchema()
	err := s.compiled.Validate(value(d.root))
	var v *jsonschema.ValidationError
	if errors.As(err, &v) {
		d.addViolations(s, v)
	}
	if err != nil && !d.refused { // no violation may pass unsaid
		d.add(Error, "type", d.root, "the plan breaks its schema: "+err.Error(), "see migplan schema")
	}
}

func (d *document) addViolations(s planSchema, v *jsonschema.ValidationError) {
	for _, c := range v.Causes {
		d.addViolations(s, c)
	}
	if len(v.Causes) > 0 {
		return
	}
	_, fragment, _ := strings.Cut(v.AbsoluteKeywordLocation, "#")
	tokens := pointer(fragment)
	if len(tokens) == 0 {
		return
	}
	violation{
		d:       d,
		keyword: tokens[len(tokens)-1],
		schema:  lookup(s.plain, tokens[:len(tokens)-1]),
		node:    d.nodeAt(pointer(v.InstanceLocation)),
		name:    valueName(pointer(v.InstanceLocation)),
	}.report()
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

// lookup follows a pointer through plain JSON to the object it names.
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

// valueName is how a complaint calls the value at a pointer: its key, or what
// it is one of.
func valueName(tokens []string) string {
	if len(tokens) == 0 {
		return "a plan"
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
