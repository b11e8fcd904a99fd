package plan

import "fmt"

// CheckTogether says what is wrong between plans that are valid each for
// itself. Of two plans of one name, or that restore one database, nobody can
// tell which is meant, so both are refused.
func CheckTogether(plans []*Plan) []Diagnostic {
	var ds []Diagnostic
	for i, p := range plans {
		for _, other := range plans[:i] {
			if p.Name == other.Name {
				ds = append(ds, other.nameTwice(p), p.nameTwice(other))
			} else if shared := sharedDatabase(p, other); shared != "" {
				ds = append(ds, other.sharedWith(p, shared), p.sharedWith(other, shared))
			}
		}
	}
	return ds
}

func (p *Plan) nameTwice(other *Plan) Diagnostic {
	return p.complain("name-twice", fmt.Sprintf("plan name %q is also that of %s", p.Name, other.File),
		"give each plan a name of its own: jobs and ledger go by it")
}

func (p *Plan) sharedWith(other *Plan, shared string) Diagnostic {
	return p.complain("database-shared", fmt.Sprintf("%s is in the open chain of %s too, on the same target", shared, other.File),
		"restore a database by one plan")
}

func (p *Plan) complain(rule, summary, hint string) Diagnostic {
	return Diagnostic{File: p.File, Pos: p.namePos, Severity: Error, Rule: rule, Summary: summary, Hint: hint}
}

// sharedDatabase names a database that two open chains restore on one target,
// "" if there is none.
func sharedDatabase(a, b *Plan) string {
	if a.Cutover != nil || b.Cutover != nil ||
		a.Target.ProjectID != b.Target.ProjectID || a.Target.InstanceID != b.Target.InstanceID {
		return ""
	}
	if a.Databases.All || b.Databases.All {
		return "databases: all"
	}
	theirs := databaseKeys(b.Databases.Names)
	for _, n := range a.Databases.Names {
		if theirs[DatabaseKey(n)] {
			return fmt.Sprintf("database %q", n)
		}
	}
	return ""
}

func databaseKeys(names []string) map[string]bool {
	keys := make(map[string]bool, len(names))
	for _, n := range names {
		keys[DatabaseKey(n)] = true
	}
	return keys
}
