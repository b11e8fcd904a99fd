package executor

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// look asks for the running job. A failed look is not a failed job.
func (p *pass) look(ctx context.Context, seq int) (*Stop, error) {
	st := p.facts.State.Step(seq)
	j, err := p.Jobs.ShowReplicationJob(ctx, st.JobID)
	if refused, ok := asRefused(err); ok && refused.NotFound() {
		return p.gone(ctx, st, err)
	} else if err != nil {
		return fromError(err), nil
	}
	if diff := differs(j, p.Steps[seq-1], false); diff != "" {
		return &Stop{Code: Conflict, Reason: JobDiffers, Step: seq, Jobs: []string{j.ID}, Detail: diff}, nil
	}
	p.facts.Looked = true
	status, known := drs.ParseStatus(j.Status)
	switch {
	case status == drs.Success:
		return p.finished(ctx, seq, ledger.Succeeded, j)
	case status.Ended():
		return p.finished(ctx, seq, ledger.Failed, j)
	case !known:
		p.Note(Note{Warning: true, Step: seq, What: "DRS gives a status that no page knows; it counts as running", Detail: j.Status, JobID: j.ID})
	}
	return nil, nil
}

func (p *pass) finished(ctx context.Context, seq int, kind ledger.Kind, j drs.Job) (*Stop, error) {
	st := p.facts.State.Step(seq)
	err := p.append(ctx, kind, seq, st.Attempt, ledger.FinishedData{
		JobID: j.ID, Status: j.Status, ErrorLog: j.ErrorLog, Finished: j.FinishTime,
	})
	if err != nil {
		return nil, err
	}
	p.facts.Looked = false
	p.change(seq, string(kind), j.ID)
	return nil, nil
}

// change notes what this pass did or learnt.
func (p *pass) change(seq int, what, jobID string) {
	c := Change{Step: seq, What: what, JobID: jobID}
	if seq >= 1 && seq <= len(p.Steps) { // 0: it is about the whole plan
		c.JobName = p.Steps[seq-1].JobName(p.facts.State.Step(seq).Attempt)
	}
	p.result.Changes = append(p.result.Changes, c)
}

// goneAfter is how old a running job must be before DRS is believed that it
// does not know it.
const goneAfter = silentFence

// gone: DRS does not know a running job. A listing may lag, so it is asked
// twice, and a young job is given time. It is never created again.
func (p *pass) gone(ctx context.Context, st ledger.Step, first error) (*Stop, error) {
	if !p.seams.sleep(ctx, time.Second) {
		return ended(ctx), nil
	}
	_, err := p.Jobs.ShowReplicationJob(ctx, st.JobID)
	refused, ok := asRefused(err)
	switch {
	case !ok || !refused.NotFound():
		return &Stop{Code: TryAgain, Reason: APIAway, Err: first}, nil
	case p.seams.now().Sub(st.SubmittedAt) < goneAfter:
		return &Stop{Code: TryAgain, Reason: APIAway, Err: err, Until: st.SubmittedAt.Add(goneAfter)}, nil
	}
	return &Stop{Code: Conflict, Reason: JobGone, Jobs: []string{st.JobID}, Err: err}, nil
}

// lookPrior makes sure that the attempt behind a retry still bears FAIL: a
// person may have meant another state of things.
func (p *pass) lookPrior(ctx context.Context, seq int) (*Stop, error) {
	id := p.facts.State.Step(seq).PriorJob
	j, err := p.Jobs.ShowReplicationJob(ctx, id)
	if refused, ok := asRefused(err); ok && refused.NotFound() {
		return &Stop{Code: Conflict, Reason: JobGone, Jobs: []string{id}, Err: err}, nil
	} else if err != nil {
		return fromError(err), nil
	}
	status, _ := drs.ParseStatus(j.Status)
	if status != drs.Failed && status != drs.PrecheckFailed {
		return &Stop{Code: Conflict, Reason: NotFailedAnyMore, Jobs: []string{id}, Detail: j.Status}, nil
	}
	p.facts.PriorFailed = true
	return nil, nil
}

// settle acts on the verdict about the step in doubt.
func (p *pass) settle(ctx context.Context, seq int) (*Stop, error) {
	st := p.facts.State.Step(seq)
	v := p.seams.doubt(DoubtFacts{
		Step: p.Steps[seq-1], Known: st, Survey: p.facts.Survey, Details: p.details(ctx),
		Witness: p.facts.State.Witness, Highest: p.facts.State.Date,
		Principal: p.Identity.Principal, ByHand: p.ByHand,
	})
	if v.Record != nil {
		if err := p.append(ctx, ledger.Searched, seq, st.Attempt, *v.Record); err != nil {
			return nil, err
		}
	}
	outcome := ledger.OutcomeData{Intent: st.IntentSeq, IntentRun: st.IntentRun}
	switch {
	case v.Adopt != "":
		outcome.JobID = v.Adopt
		return p.adopted(ctx, seq, outcome)
	case v.Absent != "":
		outcome.Evidence = v.Absent
		return nil, p.conclude(ctx, ledger.Absent, seq, outcome)
	}
	return p.searchOn(ctx, v.Stop), nil
}

// adopted ends a doubt by its job. Where the create left in this very pass, so
// does the pass: one step a pass.
func (p *pass) adopted(ctx context.Context, seq int, o ledger.OutcomeData) (*Stop, error) {
	own := p.doubtAt != 0
	if err := p.conclude(ctx, ledger.Adopted, seq, o); err != nil {
		return nil, err
	}
	if own {
		return stop(OK, JobRunning, seq), nil
	}
	return nil, nil
}

// conclude ends a doubt, on the head that the verdict was made on.
func (p *pass) conclude(ctx context.Context, kind ledger.Kind, seq int, o ledger.OutcomeData) error {
	st := p.facts.State.Step(seq)
	if err := p.append(ctx, kind, seq, st.Attempt, o); err != nil {
		return err
	}
	p.facts.Survey, p.facts.Looked, p.doubtAt = nil, false, 0
	if p.result.Sent == SentMaybe && st.IntentRun == p.Run { // of another's create it says nothing
		p.result.Sent = map[ledger.Kind]Sent{ledger.Adopted: SentYes, ledger.Absent: cmp.Or(p.sentBefore, SentNo)}[kind]
	}
	p.change(seq, string(kind), o.JobID)
	return nil
}

// details are those of the jobs that may be the step's.
func (p *pass) details(ctx context.Context) map[string]drs.Job {
	out := map[string]drs.Job{}
	for _, c := range p.facts.Survey.Candidates {
		if j, err := p.Jobs.ShowReplicationJob(ctx, c.ID); err == nil {
			out[c.ID] = j
		}
	}
	return out
}

// searchTime is how long the pass in which a doubt arose goes on looking.
const searchTime = time.Minute

// searchOn repeats the search while a doubt is young: a listing lags.
func (p *pass) searchOn(ctx context.Context, s *Stop) *Stop {
	young := p.doubtAt != 0 && p.seams.uptime()-p.doubtAt < searchTime
	if !young || s.Code == Conflict {
		return s
	}
	pause := min(250*time.Millisecond<<min(p.searches, 10), 5*time.Second)
	p.searches++
	p.doubt = s
	if !p.seams.sleep(ctx, pause) {
		return s // what is known of the doubt says more than that time is up
	}
	p.facts.Survey = nil
	return nil
}

func asRefused(err error) (*drs.Error, bool) {
	var e *drs.Error
	ok := errors.As(err, &e)
	return e, ok
}
