package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/migplan/migplan/internal/spelling"
)

// violation is one keyword of the schema that a node violates.
type violation struct {
	d       *document
	keyword string
	schema  map[string]any // the object that holds the keyword
	node    *yaml.Node
	name    string
}

func (v violation) add(rule, summary, hint string) {
	v.d.add(Error, rule, v.node, summary, hint)
}

// report explains the violation in terms of a plan. A test checks that every
// keyword in the schema has a case.
func (v violation) report() {
	if v.node.Kind == yaml.AliasNode {
		return // already refused as an alias; its value is not checked
	}
	switch v.keyword {
	case "additionalProperties":
		v.unknownKeys()
	case "required":
		v.missingKeys()
	case "type":
		v.wrongType()
	case "const", "enum":
		v.wrongValue()
	case "pattern":
		v.pattern()
	case "format":
		v.add("format", fmt.Sprintf("%s %q is not a time with an offset", v.name, v.node.Value), "write it like 2027-03-01T01:00:00+08:00")
	case "minLength":
		v.add("length", v.name+" is empty", "fill it in or remove the key")
	case "maxLength":
		v.add("length", fmt.Sprintf("%s has %d characters; the limit is %v", v.name, len([]rune(v.node.Value)), v.schema["maxLength"]),
			"shorten it; migplan adds its marker after it")
	case "minItems":
		v.add("length", v.name+" is an empty list", "fill it in or remove the key")
	case "minProperties", "maxProperties":
		v.wrongCount()
	case "minimum", "maximum":
		v.add("value", fmt.Sprintf("%s %s is out of range", v.name, v.node.Value),
			fmt.Sprintf("write a number from %v to %v", v.schema["minimum"], v.schema["maximum"]))
	default:
		v.add("type", v.name+" violates the schema keyword "+v.keyword, "see migplan schema")
	}
}

func (v violation) unknownKeys() {
	known := sortedKeys(v.schema["properties"])
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key := v.node.Content[i]
		if slices.Contains(known, key.Value) || key.Tag != "!!str" || isLastBackupKey(key) {
			continue
		}
		if summary, hint, ok := commonMistake(v.name, key.Value); ok {
			v.d.add(Error, "unknown-key", key, summary, hint)
			continue
		}
		hint := "the keys allowed here are " + strings.Join(known, ", ")
		if s := nearest(key.Value, known); s != "" {
			hint = fmt.Sprintf("did you mean %q?", s)
		}
		v.d.add(Error, "unknown-key", key, fmt.Sprintf("unknown key %q", key.Value), hint)
	}
}

func (v violation) missingKeys() {
	for _, key := range strs(v.schema["required"]) {
		if child(v.node, key) == nil {
			v.add("required", fmt.Sprintf("%s has no key %q", v.name, key), "add it")
		}
	}
}

// wrongType reports the most common mistakes first, such as a value that YAML
// reads as a number or a Boolean where a string is needed.
func (v violation) wrongType() {
	wanted := strs(v.schema["type"])
	if s, ok := v.schema["type"].(string); ok {
		wanted = []string{s}
	}
	n := v.node
	isScalar := n.Kind == yaml.ScalarNode
	switch {
	case v.name == "cutover" && isScalar && isYes(n.Value):
		v.cutoverAsBoolean()
	case v.name == "cutover" && n.Tag == "!!null":
		v.add("cutover-empty", `"cutover:" has no value`, `write "- cutover" without the colon, or add a window`)
	case isScalar && n.Tag == "!!null" && (n.Value == "" || !slices.Contains(wanted, "string")):
		v.add("type", v.name+" is empty", "fill it in or remove the key")
	case isScalar && n.Value != "" && keywordHint(v.name) != "":
		v.add("type", fmt.Sprintf("%s is %s", v.name, kind(n)), keywordHint(v.name))
	case isScalar && slices.Contains(wanted, "string") && n.Tag != "!!str":
		v.add("quote", fmt.Sprintf("%s is %s, not a string", v.name, kind(n)), fmt.Sprintf("quote it: %q", n.Value))
	case isScalar && slices.Contains(wanted, "boolean") && isYes(n.Value):
		v.add("boolean", fmt.Sprintf("%s is the string %q", v.name, n.Value), "write true or false")
	default:
		v.add("type", fmt.Sprintf("%s is %s", v.name, kind(n)), "it must be "+article(wanted))
	}
}

// keywordHint is for values that allow only one word as a string: quoting a
// number or a Boolean there would not help.
func keywordHint(name string) string {
	switch name {
	case "databases":
		return "write a list of names, or: all"
	case "overwrite":
		return "write a list of names, or: all; to overwrite nothing, remove the key"
	case "an entry of backups":
		return "start it with full:, incremental: or cutover"
	}
	return ""
}

func isYes(s string) bool {
	return slices.Contains([]string{"yes", "no", "on", "off", "y", "n", "true", "false"}, strings.ToLower(s))
}

// kind names the type that YAML read.
func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a map"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	}
	words := map[string]string{"!!int": "a number", "!!float": "a number", "!!bool": "a Boolean", "!!null": "null"}
	if w := words[n.Tag]; w != "" {
		return w
	}
	return "a string"
}

func article(types []string) string {
	words := map[string]string{
		"object": "a map", "array": "a list", "string": "a string", "boolean": "true or false", "integer": "a whole number",
	}
	var out []string
	for _, t := range types {
		out = append(out, words[t])
	}
	return strings.Join(out, " or ")
}

func (v violation) wrongVersion() {
	if v.node.Value == "1" {
		v.add("version", "version is not a number here", "write version: 1, without quotes")
		return
	}
	v.add("version", "version "+strconv.Quote(v.node.Value)+" is not supported by this migplan", "write version: 1 or use a newer migplan")
}

func (v violation) wrongValue() {
	allowed := strs(v.schema["enum"])
	if c, ok := v.schema["const"]; ok {
		allowed = []string{fmt.Sprint(c)}
	} else if v.keyword == "pattern" {
		allowed = []string{"cutover"}
	}
	switch {
	case v.name == "version":
		v.wrongVersion()
	case v.name == "an entry of backups" && isBackup(before(v.node.Value, ":")):
		v.add("value", fmt.Sprintf("%q has no space after the colon", v.node.Value), "write "+strings.Replace(v.node.Value, ":", ": ", 1))
	case v.name == "an entry of backups" && nearest(v.node.Value, []string{"full", "incremental"}) != "":
		v.add("value", fmt.Sprintf("%q has no object key", v.node.Value), "add a colon and the object key")
	case v.name == "databases" || v.name == "overwrite":
		v.add("value", fmt.Sprintf("%s is the string %q", v.name, v.node.Value), fmt.Sprintf("write a list: [%s], or: all", v.node.Value))
	default:
		v.add("value", fmt.Sprintf("%s is %q", v.name, v.node.Value), "it must be "+names(allowed))
	}
}

// before is the part of s before the first separator, s without one.
func before(s, separator string) string {
	b, _, _ := strings.Cut(s, separator)
	return b
}

func (v violation) pattern() {
	if v.name == "an entry of backups" {
		v.wrongValue()
		return
	}
	hints := map[string]string{
		"name":    "use 2 to 24 lower-case letters, digits and hyphens, starting with a letter",
		"region":  "write it like ap-southeast-3",
		"version": `write it like "2019_EE"`,
	}
	hint := hints[v.name]
	if hint == "" {
		hint = "use at most 64 letters, digits, hyphens and underscores"
	}
	v.add("format", fmt.Sprintf("%s %q is not valid", v.name, v.node.Value), hint)
}

func (v violation) wrongCount() {
	switch {
	case v.knownKeys() == 1: // the other keys are already reported
	case v.name == "source":
		v.add("source", "source must have exactly one key", "write either obs or rds")
	default:
		v.add("value", v.name+" must have exactly one of full, incremental and cutover", "start each of them with its own hyphen")
	}
}

// knownKeys counts the keys of the node that the schema allows.
func (v violation) knownKeys() int {
	known, n := sortedKeys(v.schema["properties"]), 0
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		if slices.Contains(known, v.node.Content[i].Value) {
			n++
		}
	}
	return n
}

// nearest is the candidate closest to a misspelled word, or "".
func nearest(word string, candidates []string) string {
	best, least := "", 1+len(word)/3
	for _, c := range candidates {
		if dist := spelling.Distance(strings.ToLower(word), c); dist <= least {
			best, least = c, dist-1
		}
	}
	return best
}
