package executor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

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
	for seq := 1; seq <= len(p.Plan.Steps) && len(found) > 0; seq++ {
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
		step := p.Plan.Steps[seq-1]
		diff := differsForAdoption(j, step)
		if diff == nil {
			diff = markerDiffers(j, step)
		}
		switch status, _ := drs.ParseStatus(j.Status); {
		case diff == nil:
			jobs[seq] = j
		case status.HasFailed():
			edited[seq] = j
		default:
			return nil, nil, &Stop{Reason: JobDiffers, Step: seq, Jobs: []string{j.ID}, Differs: diff}
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
	if err := p.recordDecision(ctx, 0, 0, d); err != nil {
		return err
	}
	for seq := 1; seq <= len(p.Plan.Steps); seq++ {
		j, ok := jobs[seq]
		if !ok {
			continue
		}
		if err := p.recordAdoption(ctx, seq, p.highestAttempt(found, seq), j, d); err != nil {
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
		if !ok || seq <= len(p.Plan.Steps) || !isAlive(j) {
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
		if err := p.recordDecision(ctx, seq, p.highestAttempt(found, seq), d); err != nil {
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
		failed := status.HasFailed()
		adopted := slices.ContainsFunc(slices.Collect(maps.Values(jobs)), func(j drs.Job) bool { return j.ID == old.ID })
		if _, known := p.facts.State.StepOfJob[old.ID]; adopted || known || !failed {
			continue
		}
		d := p.Who.decision(ledger.IgnoreJob, "it failed, and belongs to no step of the plan")
		d.JobID = old.ID
		seq := p.stepOf(old)
		if err := p.recordDecision(ctx, seq, attemptOf(strings.ToLower(old.Name), jobPrefix(p.Plan, seq)), d); err != nil {
			return err
		}
	}
	return nil
}

// stepOf is the step that a job says it is for, 0 if the plan has no such
// step.
func (p *pass) stepOf(j drs.OfflineTaskInfo) int {
	if seq, ok := claimOf(j, p.Plan); ok && seq >= 1 && seq <= len(p.Plan.Steps) {
		return seq
	}
	return 0
}
