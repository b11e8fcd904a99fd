package plan

import (
	"bytes"
	"encoding/json"
	"strings"
	"text/template"

	"gopkg.in/yaml.v3"

	"github.com/migplan/migplan/internal/lazy"
)

// Draft is what is known about a plan that is still to be written. Empty fields
// become placeholders, which Load refuses.
type Draft struct {
	Name, Region, ProjectID, InstanceID string
	Bucket, Prefix                      string
	Databases                           []string // names, or only "all"
}

// YAML is the plan file with comments for its author. The key of the full backup
// is a guess; a wrong one fails in DRS and restores nothing.
func (d Draft) YAML() ([]byte, error) {
	t, err := template.New("plan").Funcs(template.FuncMap{"or": orPlaceholder, "word": yamlWord, "quote": yamlQuoted, "list": yamlList}).Parse(draftText)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, d)
	return b.Bytes(), err
}

const draftText = `# Check this plan: migplan validate FILE. See what would be sent: migplan plan FILE.
# The keys: docs/plan.md in migplan's repository, or migplan schema.
version: 1

# Identifies this migration permanently: the names of its jobs are derived from it.
name: {{.Name | word}}

# The RDS for SQL Server instance that receives the databases.
target:
  region: {{or .Region "region" | word}}
  # 32 hexadecimal digits; in the console under My Credentials.
  project_id: {{or .ProjectID "project_id" | quote}}
  # Ends in in04; in the console on the page of the instance.
  instance_id: {{or .InstanceID "instance_id" | quote}}

# The bucket with the backup files, in the same region as the instance.
source:
  obs:
    bucket: {{or .Bucket "bucket" | word}}
    # The folder of all backups below.
    {{if .Prefix}}prefix: {{.Prefix | word}}{{else}}# prefix: folder/{{end}}

# The names of the databases, spelled as in the backups. all: every database in them.
databases: {{list .Databases}}

# Only if databases with these names on the target are to be replaced. The first
# request then needs --confirm-overwrite.
# overwrite: {{list .Databases}}

# The restore chain, in order; object keys without the prefix. Add a line for each log
# backup when it is in the bucket; lines that were already sent must not change.
backups:
  {{.Full}}
  # - incremental: LOG/log_0100.bak
  # The last line brings the databases online and ends the chain. Add it after the
  # tail-log backup, when nobody writes to the source any more.
  # - cutover
`

// Full is the first entry of the chain: one file for each database.
func (d Draft) Full() string {
	switch {
	case len(d.Databases) == 0:
		return "- full: " + yamlWord(placeholder("full"))
	case d.all():
		return "- full: " + yamlWord(fileName(d.Name))
	case len(d.Databases) == 1:
		return "- full: " + yamlWord(fileName(d.Databases[0]))
	}
	full := "- full:"
	for _, name := range d.Databases {
		full += "\n      - " + yamlWord(fileName(name))
	}
	return full
}

func (d Draft) all() bool { return len(d.Databases) == 1 && d.Databases[0] == "all" }

func fileName(database string) string {
	return notInName().ReplaceAllString(database, "_") + "_full.bak"
}

func orPlaceholder(value, key string) string {
	if value == "" {
		return placeholder(key)
	}
	return value
}

func placeholder(key string) string { return "<" + key + ">" }

var yamlPlain = lazy.Regexp(`^[a-z][a-z0-9-]*[a-z][a-z0-9./_-]*$`)

// yamlWord quotes a string unless no YAML program can read it as anything else.
func yamlWord(s string) string {
	switch s {
	case "yes", "no", "on", "off", "true", "false", "null":
	default:
		if yamlPlain().MatchString(s) {
			return s
		}
	}
	return yamlQuoted(s)
}

// yamlQuoted is a string of JSON, which is one of YAML too.
func yamlQuoted(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return strings.TrimSpace(b.String())
}

func yamlList(names []string) string {
	switch {
	case len(names) == 0:
		names = []string{placeholder("database")}
	case len(names) == 1 && names[0] == "all":
		return "all"
	}
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = yamlWord(n)
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// isPlaceholder reports whether a value is one that somebody must replace.
func isPlaceholder(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && len(n.Value) > 2 && n.Value[0] == '<' && n.Value[len(n.Value)-1] == '>'
}

// checkPlaceholders reports each placeholder with what goes there, and nothing
// else about it.
func (d *document) checkPlaceholders() {
	nodes := placeholders(d.root)
	if len(nodes) == 0 {
		return
	}
	at := map[Pos]bool{}
	for _, n := range nodes {
		at[pos(n)] = true
	}
	kept := d.diagnostics[:0]
	for _, c := range d.diagnostics {
		if !at[c.Pos] {
			kept = append(kept, c)
		}
	}
	d.diagnostics = kept
	for _, n := range nodes {
		hint := placeholderHints()[strings.Trim(n.Value, "<>")]
		if hint == "" {
			hint = "write the value instead"
		}
		d.add(Error, "placeholder", n, "\""+n.Value+"\" is a placeholder", hint)
	}
}

func placeholders(n *yaml.Node) []*yaml.Node {
	var nodes []*yaml.Node
	if isPlaceholder(n) {
		nodes = append(nodes, n)
	}
	for _, c := range n.Content {
		nodes = append(nodes, placeholders(c)...)
	}
	return nodes
}

func placeholderHints() map[string]string {
	return map[string]string{
		"region":      "write the region of the RDS instance, like ap-southeast-3",
		"project_id":  "write the id of the instance's project: 32 hexadecimal digits, in the console under My Credentials",
		"instance_id": "write the id of the RDS for SQL Server instance: it ends in in04, in the console on the page of the instance",
		"bucket":      "write the name of the bucket with the backups, like zyy-obs",
		"database":    "write the names of the databases, spelled as in the backups, or: all",
		"full":        "write the object key of the full backup without the prefix, like ims_full.bak",
	}
}
