package executor

import (
	"cmp"
	"context"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

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
		return p.adoptFound(ctx, seq, outcome)
	case v.Absent != "":
		outcome.Evidence = v.Absent
		return p.endDoubt(ctx, ledger.Absent, seq, outcome)
	}
	return p.searchOn(ctx, v.Stop)
}

// adoptFound ends a doubt with its job. If this pass sent the create, the pass
// ends too: a pass sends one step.
func (p *pass) adoptFound(ctx context.Context, seq int, o ledger.OutcomeData) error {
	own := p.doubtAt != 0
	if err := p.endDoubt(ctx, ledger.Adopted, seq, o); err != nil {
		return err
	}
	if own {
		return stop(JobRunning, seq)
	}
	return nil
}

// endDoubt records the end of a doubt, on the head that the verdict is based
// on.
func (p *pass) endDoubt(ctx context.Context, kind ledger.Kind, seq int, o ledger.OutcomeData) error {
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
	p.change(seq, ChangeKind(kind), o.JobID)
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

// searchTime is how long a pass keeps searching after a doubt arose in it.
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
