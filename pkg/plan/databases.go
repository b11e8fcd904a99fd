package plan

import (
	"fmt"
	"slices"
)

// OnTarget gives the databases that the plan restores, by their names on the
// target.
func (p *Plan) OnTarget() Databases {
	if p.Rename != "" {
		return Databases{Names: []string{p.Rename}}
	}
	return p.Databases
}

// Keys gives the names in the form used to compare them, see DatabaseKey.
func (d Databases) Keys() []string {
	keys := make([]string, len(d.Names))
	for i, n := range d.Names {
		keys[i] = DatabaseKey(n)
	}
	return keys
}

// sharedDatabase names a database that both plans restore on the same target,
// "" if there is none.
func sharedDatabase(a, b *Plan) string {
	if a.Target.ProjectID != b.Target.ProjectID || a.Target.InstanceID != b.Target.InstanceID {
		return ""
	}
	ours, theirs := a.OnTarget(), b.OnTarget()
	if ours.All || theirs.All {
		return "a database (databases: all)"
	}
	keys := theirs.Keys()
	for _, n := range ours.Names {
		if slices.Contains(keys, DatabaseKey(n)) {
			return fmt.Sprintf("database %q", n)
		}
	}
	return ""
}
