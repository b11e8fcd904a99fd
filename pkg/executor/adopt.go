package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// Adopt declares that a job is the step's, whatever its name, after comparing
// it with the step.
func (r *Runner) Adopt(ctx context.Context, seq int, jobID, reason string) Result {
	return r.decide(ctx, func(ctx context.Context, p *pass) (*Stop, error) {
		st := p.facts.State.Step(seq)
		if s := p.mayAdopt(seq, st, jobID); s != nil {
			return s, nil
		}
		j, err := p.Jobs.ShowReplicationJob(ctx, jobID)
		var answer *drs.Error
		switch {
		case errors.As(err, &answer) && answer.NotFound():
			return notAllowed(seq, fmt.Sprintf("DRS knows no job %s", jobID)), nil
		case err != nil:
			return fromError(err), nil
		}
		if diff := adoptable(j, p.Steps[seq-1]); diff != "" {
			return &Stop{Code: Conflict, Reason: JobDiffers, Step: seq, Jobs: []string{jobID}, Detail: diff}, nil
		}
		if s, err := p.openFor(ctx); s != nil || err != nil {
			return s, err
		}
		d := p.Who.decision("adopt", reason)
		d.JobID = jobID
		return nil, p.adopt(ctx, seq, st.Attempt, jobID, d)
	})
}

func (p *pass) mayAdopt(seq int, st ledger.Step, jobID string) *Stop {
	if seq < 1 || seq > len(p.Steps) {
		return notAllowed(seq, fmt.Sprintf("the plan has no step %d", seq))
	}
	if of, ok := p.facts.State.Jobs[jobID]; ok {
		return notAllowed(seq, fmt.Sprintf("job %s is step %d already", jobID, of))
	}
	if st.State != ledger.InDoubt && st.State != ledger.Pending {
		return notAllowed(seq, fmt.Sprintf("the step is %s; a job is adopted for a step in doubt or pending", st.State))
	}
	for before := 1; before < seq; before++ {
		if s := p.facts.State.Step(before).State; s != ledger.StepSucceeded {
			return notAllowed(seq, fmt.Sprintf("step %d before it is %s", before, s))
		}
	}
	return nil
}

// adopt appends the adoption of a job, for the intent in doubt or without one.
func (p *pass) adopt(ctx context.Context, seq, attempt int, jobID string, d ledger.DecisionData) error {
	st := p.facts.State.Step(seq)
	o := ledger.OutcomeData{JobID: jobID, Decision: &d}
	if st.State == ledger.InDoubt {
		o.Intent, o.IntentRun = st.IntentSeq, st.IntentRun
	} else {
		o.ChainSHA256, o.Last = p.Steps[seq-1].ChainSHA256, p.Steps[seq-1].Last
	}
	if err := p.append(ctx, ledger.Adopted, seq, attempt, o); err != nil {
		return err
	}
	p.change(seq, "adopted", jobID)
	return nil
}

// openFor opens the chain for a decision that comes before any create.
func (p *pass) openFor(ctx context.Context) (*Stop, error) {
	if p.facts.State.Opened != nil {
		return nil, nil
	}
	if s, err := p.list(ctx); s != nil || err != nil {
		return s, err
	}
	return p.open(ctx)
}

// AdoptAll rebuilds what the ledger has lost: every job on the target that
// bears this chain's marker is adopted for its step, in order, also when it was
// renamed. It also records the credentials that saw them as the chain's.
func (r *Runner) AdoptAll(ctx context.Context, reason string) Result {
	return r.decideAs(ctx, true, func(ctx context.Context, p *pass) (*Stop, error) {
		if s, err := p.list(ctx); s != nil || err != nil {
			return s, err
		}
		v := p.facts.Survey
		if !v.Complete {
			return notWhole(0), nil
		}
		if w := p.facts.State.Witness; w != "" && !slices.Contains(v.IDs, w) && !p.facts.State.Pronounced(w) {
			return &Stop{Code: TryAgain, Reason: APIAway, Why: WhyNoWitness, Jobs: []string{w}, Detail: "the listing does not show job " + w + ", which the ledger knows"}, nil
		}
		found := append(slices.Clone(v.Unknown), v.Candidates...)
		jobs, s := p.matchAll(ctx, found)
		if s != nil {
			return s, nil
		}
		if len(found) == 0 && p.facts.State.Opened == nil {
			return notAllowed(0, "DRS lists no job of this plan on the target"), nil
		}
		if s, err := p.adoptEach(ctx, jobs, reason); s != nil || err != nil {
			return s, err
		}
		if err := p.ignoreOlder(ctx, found, jobs); err != nil {
			return nil, err
		}
		return gap(p.facts.State), nil
	})
}

// matchAll finds the job of each step among the jobs found, and compares it
// with its step.
func (p *pass) matchAll(ctx context.Context, found []drs.OfflineTaskInfo) (map[int]drs.Job, *Stop) {
	jobs := map[int]drs.Job{}
	for seq := 1; seq <= len(p.Steps) && len(found) > 0; seq++ {
		newest, s := p.newest(found, seq)
		if s != nil {
			return nil, s
		}
		if newest == nil {
			continue
		}
		if st := p.facts.State.Step(seq).State; st == ledger.Running || st == ledger.StepSucceeded {
			return nil, about([]drs.OfflineTaskInfo{*newest}, TwinJobs, seq)
		}
		j, err := p.Jobs.ShowReplicationJob(ctx, newest.ID)
		if err != nil {
			return nil, fromError(err)
		}
		step := p.Steps[seq-1]
		diff := adoptable(j, step)
		if diff == "" {
			diff = markerDiffers(j, step)
		}
		switch status, _ := drs.ParseStatus(j.Status); {
		case diff == "":
			jobs[seq] = j
		case status == drs.Failed || status == drs.PrecheckFailed:
			// It restored nothing, and the plan was edited since: see ignoreOlder.
		default:
			return nil, &Stop{Code: Conflict, Reason: JobDiffers, Step: seq, Jobs: []string{j.ID}, Detail: diff}
		}
	}
	return jobs, nil
}

// newest is the job that stands for a step: the one that has not failed, or
// else the newest. Jobs are known by marker first, since people rename them.
// Two that have not failed are for a person.
func (p *pass) newest(found []drs.OfflineTaskInfo, seq int) (*drs.OfflineTaskInfo, *Stop) {
	var best *drs.OfflineTaskInfo
	var alive []drs.OfflineTaskInfo
	for i, j := range found { // newest first
		if !isFor(j, p.Plan, seq) {
			continue
		}
		if isAlive(j) {
			alive = append(alive, j)
		}
		if best == nil {
			best = &found[i]
		}
	}
	switch len(alive) {
	case 0:
		return best, nil
	case 1:
		return &alive[0], nil
	}
	return nil, about(alive, TwinJobs, seq)
}

// attemptOf reads the attempt from a job's name.
func attemptOf(name, prefix string) int {
	n := 1
	if rest, ok := strings.CutPrefix(name, prefix+"-a"); ok {
		_, _ = fmt.Sscanf(rest, "%d", &n)
	}
	return n
}

func (p *pass) adoptEach(ctx context.Context, jobs map[int]drs.Job, reason string) (*Stop, error) {
	if s, err := p.open(ctx); s != nil || err != nil {
		return s, err
	}
	d := p.Who.decision(ledger.Recognize, reason)
	d.Principal = p.Identity.Principal
	if err := p.person(ctx, 0, 0, d); err != nil {
		return nil, err
	}
	for seq := 1; seq <= len(p.Steps); seq++ {
		j, ok := jobs[seq]
		if !ok {
			continue
		}
		attempt := attemptOf(strings.ToLower(j.Name), jobPrefix(p.Plan, seq))
		if err := p.adopt(ctx, seq, attempt, j.ID, d); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// ignoreOlder makes known what failed and stands for no step: earlier attempts,
// and jobs of a step that was edited since. The step's next attempt gets a name
// of its own.
func (p *pass) ignoreOlder(ctx context.Context, found []drs.OfflineTaskInfo, jobs map[int]drs.Job) error {
	for _, old := range found {
		status, _ := drs.ParseStatus(old.Status)
		failed := status == drs.Failed || status == drs.PrecheckFailed
		adopted := slices.ContainsFunc(slices.Collect(maps.Values(jobs)), func(j drs.Job) bool { return j.ID == old.ID })
		if adopted || !failed {
			continue
		}
		d := p.Who.decision(ledger.IgnoreJob, "it failed, and stands for no step of the plan")
		d.JobID = old.ID
		seq := p.stepOf(old)
		if err := p.person(ctx, seq, attemptOf(strings.ToLower(old.Name), jobPrefix(p.Plan, seq)), d); err != nil {
			return err
		}
	}
	return nil
}

// stepOf is the step that a job says it is for, 0 for none of the plan.
func (p *pass) stepOf(j drs.OfflineTaskInfo) int {
	for _, s := range p.Steps {
		if isFor(j, p.Plan, s.Seq) {
			return s.Seq
		}
	}
	return 0
}
