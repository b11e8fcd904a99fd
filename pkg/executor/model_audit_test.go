package executor

import (
	"context"
	"encoding/json"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// isOnline looks at the database. With two ledgers another full may have been
// restored into it while no listing showed the other's jobs.
func (j *checker) isOnline(p *plan.Plan) bool {
	return j.world.schedule.ledgers == 2 || j.world.sim.Database(p.Target.InstanceID, p.Databases.Names[0]) == drssim.Online
}

// atEnd checks the finished plans and the ledger that is left.
func (j *checker) atEnd() {
	j.ledgers()
	for _, d := range j.world.teams {
		if j.world.schedule.ledgers == 2 {
			continue
		}
		if d.plan.Cutover != nil && !j.isOnline(d.plan) && !j.isMisled(d.plan) {
			j.report("I14", "%s is finished and not online", d.plan.Name)
		}
	}
}

// stuck reports a schedule that does not end, or first what is wrong with the
// ledger.
func (j *checker) stuck(invariant, format string, args ...any) {
	j.ledgers()
	if j.world.schedule.ledgers == 2 {
		return
	}
	j.report(invariant, format, args...)
}

// ledgers reads and audits the chains of all plans.
func (j *checker) ledgers() {
	for _, d := range j.world.teams {
		events, err := j.world.ledger.Events(context.Background(), d.plan.Chain())
		if err == nil {
			_, err = ledger.Fold(d.plan.Chain(), events)
		}
		if err != nil {
			j.report("I7", "%v", err)
		}
		j.audit(events)
	}
}

// audit is I8: a doubt ends by its own outcome, by adoption of the right job,
// by evidence where that is allowed, or by a person.
func (j *checker) audit(events []ledger.Event) {
	open := map[int]int64{} // step -> intent in doubt
	for _, e := range events {
		switch e.Kind {
		case ledger.Intent:
			if seq, ok := open[e.Step]; ok {
				j.report("I8", "step %d is intended again while intent %d is in doubt", e.Step, seq)
			}
			open[e.Step] = e.Seq
		case ledger.Decision, ledger.Closed:
			delete(open, e.Step)
		case ledger.Searched, ledger.Answered, ledger.Opened, ledger.JobSucceeded, ledger.JobFailed, ledger.Missing, ledger.Found, ledger.Unknown, ledger.Checked:
		default:
			j.auditOutcome(e, open)
		}
	}
}

func (j *checker) auditOutcome(e ledger.Event, open map[int]int64) {
	var d ledger.OutcomeData
	_ = json.Unmarshal(e.Data, &d)
	if d.Intent == open[e.Step] || d.Intent == 0 {
		delete(open, e.Step)
	}
	if e.Kind == ledger.Adopted {
		if made := j.shadows[d.JobID]; made.Chain != e.Chain || made.Step != e.Step {
			j.report("I8", "job %s was adopted as step %d and is not", d.JobID, e.Step)
		}
	}
	if e.Kind == ledger.Absent && e.Step == 1 {
		j.report("I8", "the full was believed absent without a person")
	}
}
