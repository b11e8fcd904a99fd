package executor

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// look looks at the running job. A look that fails does not mean that the job
// failed.
func (p *pass) look(ctx context.Context, seq int) error {
	id := p.facts.State.Step(seq).JobID
	look, j, err := p.see(ctx, seq, id)
	if err != nil {
		return err
	}
	if look.Gone { // it is never created again
		if s := missingStop(p.facts.State, id, look, goneAfter); s != nil {
			return s
		}
		return &Stop{Reason: JobGone, Jobs: []string{id}, Since: p.facts.State.Missing[id]}
	}
	if diff := differs(j, p.Plan.Steps[seq-1], false); diff != nil {
		return &Stop{Reason: JobDiffers, Step: seq, Jobs: []string{j.ID}, Differs: diff}
	}
	p.facts.looked, p.result.JobStatus = true, j.Status
	status, known := drs.ParseStatus(j.Status)
	switch {
	case status == drs.Success:
		return p.finished(ctx, seq, ledger.JobSucceeded, j)
	case status.Ended():
		return p.finished(ctx, seq, ledger.JobFailed, j)
	case !known:
		if err := p.unknownStatus(seq, look, id); err != nil {
			return err
		}
	}
	return p.alone(ctx, seq)
}

// unknownStatus treats an undocumented status as running, for an hour.
func (p *pass) unknownStatus(seq int, look observation, id string) error {
	first := p.facts.State.Unknown[id]
	if !look.Date.IsZero() && !first.Date.IsZero() && look.Date.Sub(first.Date) >= unknownFor {
		return &Stop{Reason: UnknownStatus, Step: seq, Jobs: []string{id}, Detail: look.Status, Since: first.Date}
	}
	p.Note(Note{Warning: true, Step: seq, What: "DRS shows an undocumented status; it counts as running", Detail: look.Status, JobID: id})
	return nil
}

func (p *pass) finished(ctx context.Context, seq int, kind ledger.Kind, j drs.Job) error {
	st := p.facts.State.Step(seq)
	err := p.append(ctx, kind, seq, st.Attempt, ledger.FinishedData{
		JobID: j.ID, Status: j.Status, ErrorLog: j.ErrorLog, Finished: j.FinishTime,
		CheckPending: kind == ledger.JobSucceeded && st.Last,
	})
	if err != nil {
		return err
	}
	p.facts.looked, p.facts.target = false, nil
	p.change(seq, string(kind), j.ID)
	return nil
}

// change adds to the result what this pass did or learnt.
func (p *pass) change(seq int, what, jobID string) {
	c := Change{Step: seq, What: what, JobID: jobID}
	if seq >= 1 && seq <= len(p.Plan.Steps) { // 0: the change is about the whole plan
		c.JobName = p.Plan.Steps[seq-1].JobName(p.facts.State.Step(seq).Attempt)
	}
	p.result.Changes = append(p.result.Changes, c)
}

// check records that a listing after the cutover showed no second job.
func (p *pass) check(ctx context.Context, seq int) error {
	st := p.facts.State.Step(seq)
	return p.append(ctx, ledger.Checked, seq, st.Attempt, ledger.CheckedData{Date: p.facts.target.Date})
}

// settle acts on the verdict about the step in doubt.
func (p *pass) settle(ctx context.Context, seq int) error {
	st := p.facts.State.Step(seq)
	v := p.hooks.doubt(doubtFacts{
		Step: p.Plan.Steps[seq-1], Known: st, target: p.facts.target, Details: p.details(ctx),
		NewestJob: p.facts.State.NewestJob, Highest: p.facts.State.Date,
		Principal: p.Identity.Principal, AskPerson: p.AskPerson,
	})
	if v.Record != nil {
		if err := p.append(ctx, ledger.Searched, seq, st.Attempt, *v.Record); err != nil {
			return err
		}
	}
	outcome := ledger.OutcomeData{Intent: st.IntentSeq, IntentRun: st.IntentRun}
	switch {
	case v.Adopt != "":
		outcome.JobID = v.Adopt
		return p.adopted(ctx, seq, outcome)
	case v.Absent != "":
		outcome.Evidence = v.Absent
		return p.conclude(ctx, ledger.Absent, seq, outcome)
	}
	return p.searchOn(ctx, v.Stop)
}

// adopted ends a doubt with its job. If this pass sent the create, the pass
// ends too: a pass sends one step.
func (p *pass) adopted(ctx context.Context, seq int, o ledger.OutcomeData) error {
	own := p.doubtAt != 0
	if err := p.conclude(ctx, ledger.Adopted, seq, o); err != nil {
		return err
	}
	if own {
		return stop(JobRunning, seq)
	}
	return nil
}

// conclude records the end of a doubt, on the head that the verdict is based
// on.
func (p *pass) conclude(ctx context.Context, kind ledger.Kind, seq int, o ledger.OutcomeData) error {
	st := p.facts.State.Step(seq)
	if err := p.append(ctx, kind, seq, st.Attempt, o); err != nil {
		return err
	}
	p.facts.target, p.facts.looked, p.doubtAt = nil, false, 0
	switch mine := st.IntentRun == p.Run; { // Sent is about this run's creates only
	case mine && kind == ledger.Adopted:
		p.result.Sent = SentYes
	case mine && kind == ledger.Absent && p.result.Sent == SentMaybe:
		p.result.Sent = cmp.Or(p.sentBefore, SentNo)
	}
	p.change(seq, string(kind), o.JobID)
	return nil
}

// details returns the details of the jobs that may be the step's.
func (p *pass) details(ctx context.Context) map[string]drs.Job {
	out := map[string]drs.Job{}
	for _, c := range p.facts.target.Candidates {
		if j, err := p.Jobs.ShowReplicationJob(ctx, c.ID); err == nil {
			out[c.ID] = j
		}
	}
	return out
}

// searchTime is how long the pass in which a doubt arose goes on searching.
const searchTime = time.Minute

// searchOn repeats the search while the doubt is new, because a listing lags.
func (p *pass) searchOn(ctx context.Context, s *Stop) error {
	young := p.doubtAt != 0 && p.hooks.uptime()-p.doubtAt < searchTime
	if !young || s.Class() == Conflict {
		return s
	}
	pause := min(250*time.Millisecond<<min(p.searches, 10), 5*time.Second)
	p.searches++
	p.doubt = s
	if !p.hooks.sleep(ctx, pause, 0) {
		return s // this says more than that the time is up
	}
	p.facts.target = nil
	return nil
}

func asRefused(err error) (*drs.Error, bool) {
	var e *drs.Error
	ok := errors.As(err, &e)
	return e, ok
}
