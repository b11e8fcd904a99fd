package plan

import "fmt"

// CheckTogether says what is wrong between plans that are valid each for
// itself. Of two plans of one name nobody can tell which is meant, so both are
// refused. Two plans of one database are a warning here: one of the two chains
// may be closed, which only the ledger knows.
func CheckTogether(plans []*Plan) []Diagnostic {
	return append(checkNames(plans), CheckDatabases(plans, Warning)...)
}

func checkNames(plans []*Plan) (ds []Diagnostic) {
	for i, p := range plans {
		for _, other := range plans[:i] {
			if p.Name == other.Name {
				ds = append(ds, other.nameTwice(p), p.nameTwice(other))
			}
		}
	}
	return ds
}

// CheckDatabases complains about each two plans, of different names, that
// restore one database on one target.
func CheckDatabases(plans []*Plan, severity Severity) (ds []Diagnostic) {
	for i, p := range plans {
		for _, other := range plans[:i] {
			if shared := SharedDatabase(p, other); shared != "" && p.Name != other.Name {
				ds = append(ds, other.sharedWith(p, shared, severity), p.sharedWith(other, shared, severity))
			}
		}
	}
	return ds
}

func (p *Plan) nameTwice(other *Plan) Diagnostic {
	return p.complain("name-twice", Error, fmt.Sprintf("plan name %q is also that of %s", p.Name, other.File),
		"give each plan a name of its own: jobs and ledger go by it")
}

func (p *Plan) sharedWith(other *Plan, shared string, severity Severity) Diagnostic {
	return p.complain("database-shared", severity, fmt.Sprintf("%s is also restored by %s, on the same target", shared, other.File),
		"restore a database by one plan; a plan that is finished or abandoned is ended with migplan close")
}

func (p *Plan) complain(rule string, severity Severity, summary, hint string) Diagnostic {
	return Diagnostic{File: p.File, Pos: p.namePos, Severity: severity, Rule: rule, Summary: summary, Hint: hint}
}
