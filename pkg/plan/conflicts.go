package plan

import "fmt"

// CheckConflicts reports conflicts between plans that are each valid. Two plans
// with the same name are both refused. Two plans that restore the same database
// are a warning here: one of the chains may be closed, which only the ledger
// knows.
func CheckConflicts(plans []*Plan) []Diagnostic {
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

// CheckDatabases reports every pair of plans with different names that restore
// the same database on the same target.
func CheckDatabases(plans []*Plan, severity Severity) (ds []Diagnostic) {
	for i, p := range plans {
		for _, other := range plans[:i] {
			if shared := sharedDatabase(p, other); shared != "" && p.Name != other.Name {
				ds = append(ds, other.sharedWith(p, shared, severity), p.sharedWith(other, shared, severity))
			}
		}
	}
	return ds
}

func (p *Plan) nameTwice(other *Plan) Diagnostic {
	return p.diagnostic("name-twice", Error, fmt.Sprintf("plan name %q is also used by %s", p.Name, other.File),
		"give each plan its own name: jobs and the ledger are identified by it")
}

// sharedWith warns with the way out for a plan that has begun. An error is about
// two plans that have sent nothing, so there is nothing to close.
func (p *Plan) sharedWith(other *Plan, shared string, severity Severity) Diagnostic {
	d := p.diagnostic("database-shared", severity, fmt.Sprintf("%s is also restored by %s on the same target", shared, other.File),
		"restore each database with one plan; run migplan close for a plan that is finished or abandoned")
	if severity == Error {
		d.Pos = p.databasesPos
		d.Hint = "take one of the two plans out, or change its databases; neither has sent anything"
	}
	return d
}

func (p *Plan) diagnostic(rule string, severity Severity, summary, hint string) Diagnostic {
	return Diagnostic{File: p.File, Pos: p.namePos, Severity: severity, Rule: rule, Summary: summary, Hint: hint}
}
