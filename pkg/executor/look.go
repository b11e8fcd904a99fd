package executor

import (
	"context"
	"errors"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// look looks at the running job. A look that fails does not mean that the job
// failed.
func (p *pass) look(ctx context.Context, seq int) error {
	id := p.facts.State.Step(seq).JobID
	if listed, ok := p.Listed(id); ok && stillRuns(p.facts, seq, listed) {
		p.facts.looked, p.result.JobStatus = true, listed.Status
		return nil
	}
	noted := p.facts.State.Unknown[id].Status
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
		return p.recordEnd(ctx, seq, ledger.JobSucceeded, j)
	case status.Ended():
		return p.recordEnd(ctx, seq, ledger.JobFailed, j)
	case !known:
		if err := p.unknownStatus(seq, look, id, noted); err != nil {
			return err
		}
	}
	return p.alone(ctx, seq)
}

// account looks at every job that could belong to the step.
func (p *pass) account(ctx context.Context, seq int) error {
	for _, id := range possibleJobs(p.facts, seq) {
		if _, ok := p.facts.observed[id]; ok {
			continue
		}
		look, _, err := p.see(ctx, seq, id)
		if err != nil {
			return err
		}
		if p.facts.observed == nil {
			p.facts.observed = map[string]observation{}
		}
		p.facts.observed[id] = look
	}
	return nil
}

// see looks at a job that could belong to a step, and records what later
// passes need: since when DRS does not know it, or since when it shows an
// undocumented status.
func (p *pass) see(ctx context.Context, seq int, id string) (observation, drs.Job, error) {
	j, err := p.Jobs.ShowReplicationJob(ctx, id)
	refused, answered := asRefused(err)
	switch {
	case answered && refused.NotFound():
		look := observation{Gone: true, Date: refused.Date}
		return look, j, p.noteSight(ctx, seq, id, look)
	case err != nil:
		return observation{}, j, fromError(err)
	}
	look := observation{Status: j.Status, Date: j.Date}
	return look, j, p.noteSight(ctx, seq, id, look)
}

func (p *pass) noteSight(ctx context.Context, seq int, id string, look observation) error {
	kind := sightKind(p.facts.State, id, look)
	if kind == "" || seq < 1 {
		return nil
	}
	d := ledger.SightData{JobID: id, Date: look.Date}
	if kind == ledger.Unknown {
		d.Status = look.Status
	}
	return p.append(ctx, kind, seq, p.facts.State.Step(seq).Attempt, d)
}

// unknownStatus treats an undocumented status as running, for an hour. noted is the
// one that an earlier pass has warned of.
func (p *pass) unknownStatus(seq int, look observation, id, noted string) error {
	first := p.facts.State.Unknown[id]
	if !look.Date.IsZero() && !first.Date.IsZero() && look.Date.Sub(first.Date) >= unknownFor {
		return &Stop{Reason: UnknownStatus, Step: seq, Jobs: []string{id}, Detail: look.Status, Since: first.Date}
	}
	if look.Status == noted {
		return nil
	}
	p.Note(Note{Warning: true, Step: seq, What: "DRS shows an undocumented status; it counts as running", Detail: look.Status, JobID: id})
	return nil
}

func (p *pass) recordEnd(ctx context.Context, seq int, kind ledger.Kind, j drs.Job) error {
	st := p.facts.State.Step(seq)
	err := p.append(ctx, kind, seq, st.Attempt, ledger.FinishedData{
		JobID: j.ID, Status: j.Status, ErrorLog: j.ErrorLog, Finished: j.FinishTime,
		CheckPending: kind == ledger.JobSucceeded && st.Last,
	})
	if err != nil {
		return err
	}
	p.facts.looked, p.facts.target = false, nil
	p.change(seq, ChangeKind(kind), j.ID)
	return nil
}

// change adds to the result what this pass did or learnt.
func (p *pass) change(seq int, what ChangeKind, jobID string) {
	c := Change{Step: seq, What: what, JobID: jobID}
	if seq >= 1 && seq <= len(p.Plan.Steps) { // 0: the change is about the whole plan
		c.JobName = p.Plan.Steps[seq-1].JobName(p.facts.State.Step(seq).Attempt)
	}
	p.result.Changes = append(p.result.Changes, c)
	p.Changed(c)
}

// check records that a listing after the cutover showed no second job.
func (p *pass) check(ctx context.Context, seq int) error {
	st := p.facts.State.Step(seq)
	return p.append(ctx, ledger.Checked, seq, st.Attempt, ledger.CheckedData{Date: p.facts.target.Date})
}

func asRefused(err error) (*drs.Error, bool) {
	var e *drs.Error
	ok := errors.As(err, &e)
	return e, ok
}
