package plan

import (
	"sort"

	"gopkg.in/yaml.v3"
)

// rule is one check of a plan that matches the schema.
type rule struct {
	name     string
	severity Severity
	check    func(c *checker)
}

// rules lists every check after the schema. An Error comes from the API page or
// from what the planner needs; a Warning comes from a console guide, or from
// what the detail of a job cannot show.
func rules() []rule {
	return []rule{
		{"hidden", Error, checkInvisible},
		{"number", Error, checkNumber},
		{"chain-start", Error, checkChainStart},
		{"chain-cutover", Error, checkChainCutover},
		{"source", Error, checkSource},
		{"rds-source", Error, checkRDSSource},
		{"rds-ids", Warning, checkRDSIDs},
		{"bucket", Error, checkBucket},
		{"prefix", Warning, checkPrefix},
		{"prefix-twice", Warning, checkPrefixTwice},
		{"object-key", Error, checkObjectKeys},
		{"object-twice", Error, checkObjectTwice},
		{"keys-per-step", Error, checkKeysPerStep},
		{"keys-databases", Warning, checkKeysDatabases},
		{"bak-suffix", Warning, checkBakSuffix},
		{"file-name", Warning, checkFileName},
		{"base-name-twice", Warning, checkBaseNameTwice},
		{"stripe", Warning, checkStripes},
		{"database-reserved", Error, checkDatabaseReserved},
		{"database-twice", Error, checkDatabaseTwice},
		{"database-name", Warning, checkDatabaseName},
		{"database-count", Warning, checkDatabaseCount},
		{"overwrite", Error, checkOverwrite},
		{"rename", Error, checkRename},
		{"rename-name", Warning, checkRenameName},
		{"window", Error, checkWindow},
		{"tail-log", Error, checkTailLog},
		{"ignore-newer", Error, checkIgnoreNewer},
		{"description", Warning, checkDescription},
		{"description-control", Error, checkDescriptionControl},
		{"tag", Error, checkTags},
		{"tag-limits", Warning, checkTagLimits},
		{"target-ids", Warning, checkTargetIDs},
		{"filestream", Warning, checkFilestream},
	}
}

// checkRules runs every rule. Values that the schema has already refused are
// zero in the plan, and rules ignore zero values.
func (d *document) checkRules(p *Plan) {
	c := checker{document: d, plan: p, entries: entries(d.root)}
	c.objects = objects(p, c.entries)
	for _, r := range rules() {
		c.rule = r
		r.check(&c)
	}
}

// checker is what a rule can see, and where it reports diagnostics.
type checker struct {
	*document
	plan    *Plan
	rule    rule
	entries []entry
	objects []object
	lines   [][]byte // of the file, once a rule needs them
}

func (c *checker) report(at *yaml.Node, summary, hint string) {
	c.add(c.rule.severity, c.rule.name, at, summary, hint)
}

// reportEach is report for a mistake that people repeat: together is the hint
// for all of them at once.
func (c *checker) reportEach(at *yaml.Node, summary, hint, together string) {
	c.keep(Diagnostic{Pos: pos(at), Severity: c.rule.severity, Rule: c.rule.name, Summary: summary, Hint: hint, together: together})
}

// entry is one entry of backups as written.
type entry struct {
	node *yaml.Node
	kind string     // "full", "incremental", "cutover"; "" where it is malformed
	keys *yaml.Node // the value of full or incremental
}

func entries(root *yaml.Node) []entry {
	n := child(root, "backups")
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	out := make([]entry, len(n.Content))
	for i, node := range n.Content {
		out[i] = entry{node: node}
		if text(node) == "cutover" {
			out[i].kind = "cutover"
		} else if node.Kind == yaml.MappingNode && len(node.Content) == 2 {
			out[i].setKind(node.Content[0].Value, node.Content[1])
		}
	}
	return out
}

func (e *entry) setKind(kind string, keys *yaml.Node) {
	switch kind {
	case string(Full), string(Incremental):
		e.kind, e.keys = kind, keys
	case "cutover":
		e.kind = kind
	}
}

// setSteps sets the step of each diagnostic. The marker belongs to the last one.
func setSteps(ds []Diagnostic, entries []entry) {
	steps := make([]int, len(entries)+1) // before each entry
	for i, e := range entries {
		if steps[i+1] = steps[i]; e.kind != "cutover" {
			steps[i+1]++
		}
	}
	for i, c := range ds {
		n := sort.Search(len(entries), func(i int) bool { return pos(entries[i].node).after(c.Pos) })
		if n > 0 && !c.Pos.after(end(entries[n-1].node)) {
			ds[i].Step = steps[n]
		}
	}
}

// after reports whether p comes after other.
func (p Pos) after(other Pos) bool {
	return p.Line > other.Line || p.Line == other.Line && p.Column > other.Column
}

// end is where the last value in a node begins.
func end(n *yaml.Node) Pos {
	if len(n.Content) == 0 {
		return pos(n)
	}
	return end(n.Content[len(n.Content)-1])
}

// object is one object key: its node, and the whole key with the prefix.
type object struct {
	node *yaml.Node
	key  string
}

// objects lists every object key of an OBS plan.
func objects(p *Plan, entries []entry) []object {
	if p.Source.OBS == nil {
		return nil
	}
	out := make([]object, 0, len(entries))
	for _, e := range entries {
		for _, n := range e.keyNodes() {
			if text(n) != "" {
				out = append(out, object{n, p.Source.OBS.Prefix + n.Value})
			}
		}
	}
	return out
}

// keyNodes are the keys of an entry: one scalar, or a list of them.
func (e *entry) keyNodes() []*yaml.Node {
	switch {
	case e.keys == nil:
		return nil
	case e.keys.Kind == yaml.SequenceNode:
		return e.keys.Content
	}
	return []*yaml.Node{e.keys}
}
