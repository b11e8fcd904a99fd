package plan

import (
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// decode reads as much of the plan as possible. Values that are missing or have
// the wrong type are zero; they are already reported.
func (d *document) decode() *Plan {
	r := d.root
	p := &Plan{
		File:                d.file,
		Name:                text(child(r, "name")),
		Description:         text(child(r, "description")),
		Tags:                decodeTags(child(r, "tags")),
		Generation:          generation(child(r, "generation")),
		Target:              decodeTarget(child(r, "target")),
		Source:              decodeSource(child(r, "source")),
		Databases:           decodeDatabases(child(r, "databases")),
		Overwrite:           child(r, "overwrite") != nil,
		OverwriteUnattended: boolean(child(r, "overwrite_unattended"), false),
		Rename:              text(child(r, "rename")),
		Precheck:            boolean(child(r, "precheck"), true),
		KeepDownloaded:      boolean(child(r, "keep_downloaded_backups"), false),
		AcceptDifferential:  len(texts(child(r, "accept"))) > 0,
		namePos:             pos(d.at("name")),
		databasesPos:        pos(d.at("databases")),
	}
	d.decodeBackups(p, child(r, "backups"))
	return p
}

// generation is 0, which is never valid, where it is not written in plain
// digits: checkNumber refuses that.
func generation(n *yaml.Node) int {
	if n == nil {
		return 1
	}
	g, err := strconv.Atoi(n.Value)
	if err != nil {
		return 0
	}
	return g
}

func decodeTags(n *yaml.Node) []Tag {
	var tags []Tag
	if n != nil && n.Kind == yaml.SequenceNode {
		for _, t := range n.Content {
			tags = append(tags, Tag{Key: text(child(t, "key")), Value: text(child(t, "value"))})
		}
	}
	return tags
}

func decodeTarget(n *yaml.Node) Target {
	return Target{
		Region:              text(child(n, "region")),
		ProjectID:           text(child(n, "project_id")),
		InstanceID:          text(child(n, "instance_id")),
		EnterpriseProjectID: text(child(n, "enterprise_project_id")),
		Filestream:          boolean(child(n, "filestream"), false),
	}
}

func decodeSource(n *yaml.Node) Source {
	var s Source
	if obs := child(n, "obs"); obs != nil {
		s.OBS = &OBS{Bucket: text(child(obs, "bucket")), Prefix: folder(text(child(obs, "prefix")))}
	}
	if rds := child(n, "rds"); rds != nil {
		s.RDS = &RDS{InstanceID: text(child(rds, "instance_id")), Version: text(child(rds, "version"))}
	}
	return s
}

// folder normalizes a prefix to the form of obs_path in the API page's
// examples: "" at the root, else no leading and one trailing slash.
func folder(prefix string) string {
	prefix = strings.Trim(prefix, "/")
	if prefix == "" {
		return ""
	}
	return prefix + "/"
}

func decodeDatabases(n *yaml.Node) Databases {
	if n != nil && n.Kind == yaml.ScalarNode {
		return Databases{All: n.Value == "all"}
	}
	return Databases{Names: texts(n)}
}

// decodeBackups splits the entries into backups and the marker. The rules check
// their order.
func (d *document) decodeBackups(p *Plan, n *yaml.Node) {
	if n == nil || n.Kind != yaml.SequenceNode {
		return
	}
	p.Backups = make([]Backup, 0, len(n.Content))
	for _, entry := range n.Content {
		switch {
		case text(entry) == "cutover":
			p.Cutover = &Cutover{Pos: pos(entry)}
		case child(entry, "cutover") != nil:
			p.Cutover = p.decodeCutover(entry)
		case child(entry, "full") != nil:
			p.Backups = append(p.Backups, p.backup(Full, entry, child(entry, "full")))
		case child(entry, "incremental") != nil:
			p.Backups = append(p.Backups, p.backup(Incremental, entry, child(entry, "incremental")))
		}
	}
}

func (p *Plan) backup(t Type, entry, keys *yaml.Node) Backup {
	return Backup{Type: t, Keys: p.wholeKeys(texts(keys)), Pos: pos(entry)}
}

// wholeKeys puts the source's prefix before keys, in place.
func (p *Plan) wholeKeys(keys []string) []string {
	if p.Source.OBS != nil && p.Source.OBS.Prefix != "" {
		for i, k := range keys {
			keys[i] = p.Source.OBS.Prefix + k
		}
	}
	return keys
}

func (p *Plan) decodeCutover(entry *yaml.Node) *Cutover {
	n := child(entry, "cutover")
	return &Cutover{
		NotBefore:   instant(child(n, "not_before")),
		NotAfter:    instant(child(n, "not_after")),
		Unattended:  boolean(child(n, "unattended"), false),
		TailLog:     text(child(n, "tail_log")) == "required",
		IgnoreNewer: p.wholeKeys(texts(child(n, "ignore_newer"))),
		Pos:         pos(entry),
	}
}

func instant(n *yaml.Node) time.Time {
	t, err := time.Parse(time.RFC3339, text(n))
	if err != nil {
		return time.Time{}
	}
	return t
}
