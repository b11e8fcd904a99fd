package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// Adopt records that a job belongs to a step, whatever its name, after it has
// compared the job with the step.
func (r *Runner) Adopt(ctx context.Context, seq int, jobID, reason string) Result {
	return r.decide(ctx, decision{}, func(ctx context.Context, p *pass) error {
		st := p.facts.State.Step(seq)
		if s := p.mayAdopt(seq, st, jobID); s != nil {
			return s
		}
		j, err := p.Jobs.ShowReplicationJob(ctx, jobID)
		var answer *drs.Error
		switch {
		case errors.As(err, &answer) && answer.NotFound():
			return notAllowed(seq, WhyJobNotFound, jobID)
		case err != nil:
			return fromError(err)
		}
		if err := p.mayBeOurs(ctx, seq, j); err != nil {
			return err
		}
		if st.State == ledger.StepInDoubt && p.facts.State.KnownAt(jobID, st.IntentSeq) {
			return notAllowed(seq, WhyJobOlder, jobID)
		}
		if diff := adoptable(j, p.Steps[seq-1]); diff != "" {
			return &Stop{Reason: JobDiffers, Step: seq, Jobs: []string{jobID}, Detail: diff}
		}
		if err := p.openFor(ctx); err != nil {
			return err
		}
		d := p.Who.decision("adopt", reason)
		d.JobID = jobID
		return p.adopt(ctx, seq, st.Attempt, j, d)
	})
}

func (p *pass) mayAdopt(seq int, st ledger.Step, jobID string) *Stop {
	if seq < 1 || seq > len(p.Steps) {
		return notAllowed(seq, WhyNoSuchStep)
	}
	if of, ok := p.facts.State.StepOfJob[jobID]; ok {
		return notAllowed(seq, WhyJobKnown, jobID).withStep(of)
	}
	if st.State != ledger.StepInDoubt && st.State != ledger.StepPending {
		return notAllowed(seq, WhyNotAdoptable).being(st.State)
	}
	for before := 1; before < seq; before++ {
		if s := p.facts.State.Step(before).State; s != ledger.StepSucceeded {
			return notAllowed(seq, WhyStepBefore).withStep(before).being(s)
		}
	}
	return nil
}

// mayBeOurs refuses a job of another chain, or of another step of this one.
func (p *pass) mayBeOurs(ctx context.Context, seq int, j drs.Job) error {
	m, marked := plan.ParseMarker(j.Description)
	switch {
	case marked && m.Chain != p.Plan.Chain():
		s := notAllowed(seq, WhyJobOfChain, j.ID)
		s.Detail = m.Chain
		return s
	case marked && m.Step != seq:
		return notAllowed(seq, WhyJobOfStep, j.ID).withStep(m.Step)
	}
	others, err := p.known(ctx)
	if err == nil && others.jobs[j.ID] {
		return notAllowed(seq, WhyJobOfPlan, j.ID)
	}
	return err
}

// adopt appends the adoption of a job, for the intent in doubt or without one.
func (p *pass) adopt(ctx context.Context, seq, attempt int, j drs.Job, d ledger.DecisionData) error {
	st := p.facts.State.Step(seq)
	o := ledger.OutcomeData{JobID: j.ID, Decision: &d}
	if st.State == ledger.StepInDoubt {
		o.Intent, o.IntentRun, o.NotBefore = st.IntentSeq, st.IntentRun, p.mayArriveUntil(j, seq, st)
	} else {
		o.ChainSHA256, o.Last, o.Databases = p.Steps[seq-1].ChainSHA256, p.Steps[seq-1].Last, recorded(p.Plan)
		if j.HasIsCover {
			o.IsCover = &j.IsCover
		}
	}
	if err := p.append(ctx, ledger.Adopted, seq, attempt, o); err != nil {
		return err
	}
	p.change(seq, "adopted", j.ID)
	p.result.Changes[len(p.result.Changes)-1].NotCompared = notCompared(j, p.Steps[seq-1])
	return nil
}

// mayArriveUntil returns until when the request of a step in doubt may still
// create a job of its own, although a person ends the doubt with job j. It is
// zero if j carries the request's marker and name; a first attempt needs only
// the marker.
func (p *pass) mayArriveUntil(j drs.Job, seq int, st ledger.Step) time.Time {
	named := strings.EqualFold(j.Name, st.Intent.JobName) || st.Attempt == 1
	if named && markerDiffers(j, p.Steps[seq-1]) == "" {
		return time.Time{}
	}
	if fence := FenceOf(st); !fence.IsZero() {
		return fence
	}
	now, _ := p.serverNow()
	if st.Intent.TokenAuth {
		return now.Add(tokenFence)
	}
	return now.Add(silentFence)
}

// openFor opens the chain for an adoption that comes before any create.
func (p *pass) openFor(ctx context.Context) error {
	if p.facts.State.Opened != nil {
		return nil
	}
	if err := p.list(ctx); err != nil {
		return err
	}
	if s := generationBusy(p.facts); s != nil {
		return s
	}
	return p.open(ctx)
}

// AdoptAll rebuilds a lost ledger: every job on the target with this chain's
// marker is adopted for its step, in order, even if it was renamed. It also
// records the credentials of this run as the chain's.
func (r *Runner) AdoptAll(ctx context.Context, reason string) Result {
	return r.decide(ctx, decision{renewsCredentials: true}, func(ctx context.Context, p *pass) error {
		if err := p.list(ctx); err != nil {
			return err
		}
		v := p.facts.target
		if !v.Complete {
			return incomplete(0)
		}
		if w := p.facts.State.NewestJob; w != "" && !slices.Contains(v.IDs, w) && !p.facts.State.MarkedSucceeded(w) {
			return &Stop{Reason: APIUnavailable, Why: WhyListLacksJob, Jobs: []string{w}}
		}
		found := append(slices.Clone(v.Unknown), v.Candidates...)
		jobs, edited, err := p.matchAll(ctx, found)
		if err != nil {
			return err
		}
		if len(found) == 0 && p.facts.State.Opened == nil {
			return notAllowed(0, WhyNothingListed)
		}
		if err := p.adoptEach(ctx, found, jobs, reason); err != nil {
			return err
		}
		if err := p.failEach(ctx, found, edited, reason); err != nil {
			return err
		}
		if err := p.ignoreOlder(ctx, found, jobs); err != nil {
			return err
		}
		if s := p.beyondPlan(found); s != nil {
			return s
		}
		return gap(p.facts.State).err()
	})
}

// matchAll finds the job of each step among the jobs found, and compares it
// with the step. The jobs in edited failed, and their step was edited since.
func (p *pass) matchAll(ctx context.Context, found []drs.OfflineTaskInfo) (jobs, edited map[int]drs.Job, err error) {
	jobs, edited = map[int]drs.Job{}, map[int]drs.Job{}
	for seq := 1; seq <= len(p.Steps) && len(found) > 0; seq++ {
		newest, err := p.newest(found, seq)
		if err != nil {
			return nil, nil, err
		}
		if newest == nil {
			continue
		}
		if st := p.facts.State.Step(seq).State; st == ledger.StepRunning || st == ledger.StepSucceeded {
			return nil, nil, about([]drs.OfflineTaskInfo{*newest}, DuplicateJobs, seq)
		}
		j, err := p.Jobs.ShowReplicationJob(ctx, newest.ID)
		if err != nil {
			return nil, nil, fromError(err)
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
			edited[seq] = j
		default:
			return nil, nil, &Stop{Reason: JobDiffers, Step: seq, Jobs: []string{j.ID}, Detail: diff}
		}
	}
	return jobs, edited, nil
}

// newest is the job that represents a step: the one that has not failed, or
// else the newest. Jobs are recognized by their marker first, since people
// rename them. If two have not failed, a person must decide.
func (p *pass) newest(found []drs.OfflineTaskInfo, seq int) (*drs.OfflineTaskInfo, error) {
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
	return nil, about(alive, DuplicateJobs, seq)
}

// attemptOf reads the attempt from a job's name.
func attemptOf(name, prefix string) int {
	n := 1
	if rest, ok := strings.CutPrefix(name, prefix+"-a"); ok {
		_, _ = fmt.Sscanf(rest, "%d", &n)
	}
	return n
}

func (p *pass) adoptEach(ctx context.Context, found []drs.OfflineTaskInfo, jobs map[int]drs.Job, reason string) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	d := p.Who.decision(ledger.Recognize, reason)
	d.Principal = p.Identity.Principal
	if err := p.person(ctx, 0, 0, d); err != nil {
		return err
	}
	for seq := 1; seq <= len(p.Steps); seq++ {
		j, ok := jobs[seq]
		if !ok {
			continue
		}
		if err := p.adopt(ctx, seq, p.highestAttempt(found, seq), j, d); err != nil {
			return err
		}
	}
	return nil
}

// highestAttempt is the highest attempt of a step in the ledger or in a job's
// name, so that the next attempt gets a name and a key that were never used.
func (p *pass) highestAttempt(found []drs.OfflineTaskInfo, seq int) int {
	highest := p.facts.State.Step(seq).Attempt
	for _, j := range found {
		if isFor(j, p.Plan, seq) {
			highest = max(highest, attemptOf(strings.ToLower(j.Name), jobPrefix(p.Plan, seq)))
		}
	}
	return highest
}

// beyondPlan is the stop of a rebuilt ledger with jobs for steps that the plan
// does not have.
func (p *pass) beyondPlan(found []drs.OfflineTaskInfo) *Stop {
	var s *Stop
	for _, j := range found {
		seq, ok := claimOf(j, p.Plan)
		if !ok || seq <= len(p.Steps) || !isAlive(j) {
			continue
		}
		if s == nil || seq < s.Step {
			s = stop(PlanShorter, seq)
		}
	}
	return s
}

// failEach records the steps whose job failed and whose line was edited since:
// like every failed step, they wait for a person to allow a new attempt.
func (p *pass) failEach(ctx context.Context, found []drs.OfflineTaskInfo, edited map[int]drs.Job, reason string) error {
	for _, seq := range slices.Sorted(maps.Keys(edited)) {
		j := edited[seq]
		d := p.Who.decision(ledger.IsFailure, reason)
		d.JobID = j.ID
		if st := p.facts.State.Step(seq); st.State == ledger.StepInDoubt {
			d.NotBefore = p.mayArriveUntil(j, seq, st)
		}
		if err := p.person(ctx, seq, p.highestAttempt(found, seq), d); err != nil {
			return err
		}
	}
	return nil
}

// ignoreOlder records the failed jobs that represent no step, so that they are
// known: earlier attempts, and jobs of a step that was edited since.
func (p *pass) ignoreOlder(ctx context.Context, found []drs.OfflineTaskInfo, jobs map[int]drs.Job) error {
	for _, old := range found {
		status, _ := drs.ParseStatus(old.Status)
		failed := status == drs.Failed || status == drs.PrecheckFailed
		adopted := slices.ContainsFunc(slices.Collect(maps.Values(jobs)), func(j drs.Job) bool { return j.ID == old.ID })
		if _, known := p.facts.State.StepOfJob[old.ID]; adopted || known || !failed {
			continue
		}
		d := p.Who.decision(ledger.IgnoreJob, "it failed, and belongs to no step of the plan")
		d.JobID = old.ID
		seq := p.stepOf(old)
		if err := p.person(ctx, seq, attemptOf(strings.ToLower(old.Name), jobPrefix(p.Plan, seq)), d); err != nil {
			return err
		}
	}
	return nil
}

// stepOf is the step that a job says it is for, 0 if the plan has no such
// step.
func (p *pass) stepOf(j drs.OfflineTaskInfo) int {
	if seq, ok := claimOf(j, p.Plan); ok && seq >= 1 && seq <= len(p.Steps) {
		return seq
	}
	return 0
}
