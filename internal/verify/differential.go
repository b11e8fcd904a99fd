package verify

import (
	"slices"

	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/plan"
)

func isDifferential(l link) bool {
	s := l.Set()
	return s != nil && s.BackupType == backup.Differential
}

// differentials says of each differential among logs that the log chain goes
// on without it. Where the plan does not accept it, that is what to do about
// the finding that is there already, in found.
func (c *chain) differentials(p *plan.Plan, found []Finding) (out []Finding) {
	if !slices.ContainsFunc(c.links, isDifferential) {
		return nil
	}
	withoutThem := backup.CheckChain(c.backups(isDifferential), c.options(p))
	for i, l := range c.links {
		if !isDifferential(l) || !c.goesOn(i, withoutThem) {
			continue
		}
		if p.AcceptDifferential {
			out = append(out, l.file.finding(FindNotNeeded, backup.Info, "it is not needed: the log chain continues without it", "remove it"))
			continue
		}
		for j := range found {
			if found[j].ID == backup.FindDifferential && found[j].Key == l.file.Key {
				found[j].Action = "remove it: it is not needed, the log chain continues without it"
			}
		}
	}
	return out
}

// goesOn: a log follows, and none of the logs behind lacks what came before it.
func (c *chain) goesOn(i int, findings []backup.Finding) bool {
	hasLog := false
	for _, l := range c.links[i+1:] {
		if isDifferential(l) || l.Set() == nil {
			continue
		}
		hasLog = true
		if slices.ContainsFunc(findings, func(f backup.Finding) bool { return f.File == l.Name && isGap(f.ID) }) {
			return false
		}
	}
	return hasLog
}

func isGap(id backup.ID) bool {
	switch id {
	case backup.FindLogMissing, backup.FindChainBroken, backup.FindSimple, backup.FindFork:
		return true
	}
	return false
}
