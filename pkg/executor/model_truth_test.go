package executor

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// The server may change what it says about a job: the checker compares a create
// with the answers at the time when it was sent.

func happened(what, by time.Time) bool { return !what.IsZero() && !what.After(by) }

func everFailed(job drssim.Job) bool {
	return !job.Since(drssim.Failed).IsZero() || !job.Since(drssim.PrecheckFailed).IsZero()
}

// lookTime is how long before its first byte a create may have looked at the
// jobs of its step.
const lookTime = drs.MaxListingAge + time.Second

// free reports whether a new job may follow another: when its create left, the
// other was accounted for.
func (j *checker) free(other, job drssim.Job) bool {
	for _, s := range j.sends {
		if bytes.Equal(s.body, job.Body) && !s.left.After(job.Created) && j.accounted(other, s.left) {
			return true
		}
	}
	return false
}

// accounted reports whether a look in the minute before a time could account
// for a job: it had failed, its record was gone for long, or it had shown one
// undocumented status for as long.
func (j *checker) accounted(job drssim.Job, at time.Time) bool {
	from := at.Add(-lookTime)
	for t := from; everFailed(job) && !t.After(at); t = t.Add(time.Second / 2) {
		if s := job.StatusAt(t); s == drssim.Failed || s == drssim.PrecheckFailed {
			return true
		}
	}
	since := at.Add(time.Second - goneAfter)
	if happened(j.gone[job.ID], since) {
		return true
	}
	return isOdd(job.StatusAt(from)) && job.StatusAt(since) == job.StatusAt(from)
}

func isOdd(status string) bool {
	_, known := drs.ParseStatus(status)
	return !known
}

// isRestored reports whether a job of this step has its backup in the
// database.
func (j *checker) isRestored(chain string, seq int) bool {
	for _, job := range j.world.sim.Jobs() {
		if made := j.shadows[job.ID]; made.Chain == chain && made.Step == seq && !job.Restored.IsZero() {
			return true
		}
	}
	return false
}

// decided records a person's decision once it is in the ledger.
func (j *checker) decided(s *host, e ledger.Event) {
	var d ledger.DecisionData
	if e.Kind != ledger.Decision || json.Unmarshal(e.Data, &d) != nil {
		return
	}
	switch d.What {
	case ledger.Retry:
		j.retried[chainStep{e.Chain, e.Step}] = j.world.now
	case ledger.Hold:
		j.held[s.runner.Plan.Name] = j.world.now
	case ledger.Release:
		delete(j.held, s.runner.Plan.Name)
	case ledger.Close:
		j.ended[e.Chain], j.freed[s.runner.Plan.Name] = j.world.now, true
	}
}

// forget drops the decisions that went with a lost ledger.
func (j *checker) forget() {
	clear(j.held)
	clear(j.ended)
	j.lost = true
}

// isFree checks that nothing is sent during a hold, or after its chain has
// ended, if it was intended then.
func (j *checker) isFree(s *host, m plan.Marker) {
	if at, ok := j.held[s.runner.Plan.Name]; ok && s.intended.After(at) {
		j.report("hold", "step %d is sent, and the plan is on hold since %s", m.Step, at)
	}
	if at, ok := j.ended[m.Chain]; ok && s.intended.After(at) {
		j.report("close", "step %d is sent, and the plan is closed since %s", m.Step, at)
	}
}

// databaseIsFree checks that no full is restored over what another plan
// restored, until a person closes that plan.
func (j *checker) databaseIsFree(job drssim.Job, made shadow) {
	if made.Step != 1 || j.lost {
		return
	}
	for _, other := range j.jobs {
		old, ok := j.shadows[other.ID]
		if ok && old.plan != made.plan && !j.freed[old.plan] && slices.Equal(other.Databases, job.Databases) {
			j.report("database", "the full of %s goes into a database of %s", made.plan, old.plan)
		}
	}
}

// saidSucceeded checks a decision that was accepted: not while DRS shows the
// step's job at work. From then on the database differs from the ledger,
// unless the person was right.
func (j *checker) saidSucceeded(s *host, seq int, began time.Time) {
	chain := s.team.plan.Chain()
	for _, job := range j.world.sim.Jobs() {
		made := j.shadows[job.ID]
		if made.Chain != chain || made.Step != seq || hasEnded(job) || job.Deleted || s.schedule.hides() {
			continue
		}
		if !job.Listed.After(began) && !j.world.unseen[job.ID].After(began) && job.StatusAt(j.world.now) == drssim.Transferring {
			j.report("I8", "step %d was taken as succeeded while its job %s runs", seq, job.ID)
		}
	}
	if !j.isRestored(chain, seq) {
		j.untrue[chainStep{chain, seq}] = true
	}
}

// isMisled reports whether a person decided something untrue about the plan's
// chain.
func (j *checker) isMisled(p *plan.Plan) bool {
	for seq := range p.Backups {
		if j.untrue[chainStep{p.Chain(), seq + 1}] {
			return true
		}
	}
	return false
}

// isOvertaken reports whether a higher generation began while a run was about
// to report on its own.
func (j *checker) isOvertaken(p *plan.Plan) bool {
	for _, made := range j.shadows {
		if made.plan == p.Name && made.rank > p.Generation {
			return true
		}
	}
	return false
}

// hides reports whether a listing of this schedule leaves out what it should
// show.
func (s schedule) hides() bool {
	for _, e := range s.events {
		switch e.act {
		case "list-empty", "list-omits-new", "stale-list":
			return true
		}
	}
	return false
}

// nobodySaidRetry is the rest of I4: after a job of a step, only a person's
// retry allows another.
func (j *checker) nobodySaidRetry(m plan.Marker) {
	for _, job := range j.jobs {
		made := j.shadows[job.ID]
		if made.Chain != m.Chain || made.Step != m.Step || job.Deleted || !j.accounted(job, j.world.now) {
			continue // of a job that may still restore, I1 is the checker
		}
		if at, ok := j.retried[chainStep{m.Chain, m.Step}]; !ok || at.Before(job.Created) {
			j.report("I4", "step %d is sent again after %s, and nobody allowed it", m.Step, job.Name)
		}
	}
}

// overwritesByKey is I3 for a log that overwrites, where no job of the chain
// before it did.
func (j *checker) overwritesByKey(s *host, m plan.Marker, attempt int, cover bool) {
	p := s.runner.Plan
	if !cover || m.Step == 1 || p.OverwriteUnattended || plan.Confirms(s.given.Overwrite, s.runner.Plan.Steps, plan.ActOverwrite, attempt) {
		return
	}
	for _, job := range j.jobs {
		if made := j.shadows[job.ID]; made.Chain == m.Chain && made.Step < m.Step && job.Cover {
			return
		}
	}
	j.report("I3", "step %d overwrites, as no step before it did, and without its key", m.Step)
}
