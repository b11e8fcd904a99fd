package plan

import (
	"fmt"
	"slices"
)

// OnTarget is what the plan restores, by the names that it has on the target.
func (p *Plan) OnTarget() Databases {
	if p.Rename != "" {
		return Databases{Names: []string{p.Rename}}
	}
	return p.Databases
}

// Keys are the names in the form in which they are compared.
func (d Databases) Keys() []string {
	keys := make([]string, len(d.Names))
	for i, n := range d.Names {
		keys[i] = DatabaseKey(n)
	}
	return keys
}

// SharedDatabase names a database that two plans restore on one target, "" if
// there is none.
func SharedDatabase(a, b *Plan) string {
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
