package plan

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// checkLastBackup reports is_last_backup once, at the first place where somebody
// wrote it: the planner derives it from the marker, see isLastBackup.
func (d *document) checkLastBackup() {
	keys := lastBackupKeys(d.root)
	if len(keys) == 0 {
		return
	}
	hint := `remove it, and put "- cutover" after the last backup`
	for _, e := range entries(d.root) {
		if e.kind == "cutover" {
			hint = fmt.Sprintf(`remove it: "- cutover" on line %d already marks the last backup`, e.node.Line)
		}
	}
	others := make([]Pos, len(keys)-1)
	for i, key := range keys[1:] {
		others[i] = pos(key)
	}
	d.add(Error, "last-backup", keys[0], "nobody writes "+keys[0].Value+": it follows from the cutover"+more(others), hint)
}

// lastBackupKeys lists every key in n that means is_last_backup.
func lastBackupKeys(n *yaml.Node) []*yaml.Node {
	var keys []*yaml.Node
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && isLastBackupKey(c) {
			keys = append(keys, c)
		}
		keys = append(keys, lastBackupKeys(c)...)
	}
	return keys
}

func isLastBackupKey(n *yaml.Node) bool {
	word := strings.ReplaceAll(strings.ReplaceAll(n.Value, "_", ""), "-", "")
	switch strings.ToLower(word) {
	case "islastbackup", "lastbackup", "islast":
		return n.Kind == yaml.ScalarNode
	}
	return false
}

// commonMistake explains a key that other tools have and a plan does not; ok is
// false for any other key.
func commonMistake(parent, key string) (summary, hint string, ok bool) {
	word := strings.NewReplacer("-", "_").Replace(strings.ToLower(key))
	if summary, hint, ok := impossible(key, word); ok {
		return summary, hint, true
	}
	switch parent {
	case "an entry of backups":
		return commonEntry(key, word)
	case "the plan":
		switch word {
		case "cutover":
			return `"cutover" is an entry of backups, not a key of the plan`, `write "- cutover" as the last entry of backups`, true
		case "full", "incremental":
			return fmt.Sprintf("%q is an entry of backups, not a key of the plan", key), fmt.Sprintf(`write "- %s: KEY" in backups`, word), true
		}
	}
	return "", "", false
}

func commonEntry(key, word string) (summary, hint string, ok bool) {
	switch word {
	case "differential", "diff":
		return fmt.Sprintf("%q is not a type of backup: DRS documents only full and log backups", key),
			"list every log backup since the full backup instead, each as incremental", true
	case "log", "logs", "log_backup", "transaction_log", "tlog", "trn", "incr", "incre":
		return fmt.Sprintf("%q is not a type of backup: a log backup is an incremental", key), "write incremental: KEY", true
	case "tail", "tail_log", "taillog":
		return fmt.Sprintf("%q is not a type of backup: a tail-log backup is an incremental", key), `write incremental: KEY, and "- cutover" after it`, true
	}
	return "", "", false
}

// cutoverAsBoolean explains "- cutover: true", which is not the marker.
func (v violation) cutoverAsBoolean() {
	switch strings.ToLower(v.node.Value) {
	case "true", "yes", "on", "y":
		v.add("type", fmt.Sprintf(`"cutover: %s" is not the marker of the cutover`, v.node.Value),
			fmt.Sprintf(`write "- cutover", without ": %s"`, v.node.Value))
		return
	}
	v.add("type", fmt.Sprintf(`"cutover: %s" does not say whether there is a cutover`, v.node.Value),
		"remove the line: without a cutover the database stays restoring, and more backups can follow")
}
