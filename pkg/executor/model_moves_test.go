package executor

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/plan"
)

// forEver is longer than any schedule.
const forEver = 10 * 365 * 24 * time.Hour

// move is a group of events that belong together: several attempts of a step,
// or a server and people that see the same thing differently.
func move(r *rand.Rand) []event {
	n := 1 + r.IntN(10)
	where := pick(r, "pass", "listed", "answer", "appended", "followed", "shown", "decided")
	switch r.IntN(13) {
	case 0, 1, 2:
		return attempts(r)
	case 10:
		return []event{{"hold", where, n, 0}, {"generation", where, n + r.IntN(2), 0}}
	case 11:
		return []event{{"rename-plan", where, n, 0}}
	case 12:
		return []event{{"closes", where, n, 0}}
	case 3:
		return []event{{"restart", where, n, 0}}
	case 4, 5:
		out := []event{{"unseen", where, n, pick(r, 5*time.Second, time.Minute, 4*time.Minute, 20*time.Minute)}}
		return append(out, maybe(r, hastyEvent(r, where, n+1))...)
	case 6:
		out := []event{{"odd-status", where, n, pick(r, time.Minute, 40*time.Minute, 2*time.Hour, forEver)}}
		return append(out, maybe(r, hastyEvent(r, pick(r, "pass", "followed"), n+1+r.IntN(2)))...)
	}
	return []event{hastyEvent(r, where, n)}
}

func maybe(r *rand.Rand, e event) []event {
	if r.IntN(2) == 0 {
		return nil
	}
	return []event{e}
}

// hastyEvent is a person who decides before looking.
func hastyEvent(r *rand.Rand, where string, n int) event {
	return event{pick(r, hastyActs()...), where, n, 0}
}

func hastyActs() []string {
	return []string{"ignores", "ignores", "says-failed", "says-failed", "says-succeeded", "says-not-created", "retries", "adopts-wrong"}
}

// attempts are a step that fails, and what comes between its next attempts.
func attempts(r *rand.Rand) []event {
	n := 1 + r.IntN(3)
	fails := func() string { return pick(r, "job-failed", "job-failed", "job-precheck-failed", "job-failed-applied") }
	out := []event{{fails(), "sim", n, 0}}
	for i := range 1 + r.IntN(3) {
		out = append(out, event{pick(r, "refused", "refused", "429", "drs-throttle", "403", "lost-before-accept", "lost-after-accept", "503-after-accept", "generic-400"), "sim", n + 1 + i, 0})
	}
	out = append(out, maybe(r, event{fails(), "sim", n + 1, 0})...)
	return append(out, maybe(r, event{"restart", pick(r, "pass", "followed", "decided"), 2*n + 1 + r.IntN(4), 0})...)
}

// serverEvent is what DRS does without being asked.
func (s *host) serverEvent(e event) {
	switch e.act {
	case "restart":
		s.anyJob(func(j drssim.Job) {
			switch j.Status {
			case drssim.Failed, drssim.PrecheckFailed:
				s.sim.SetStatus(j.ID, drssim.Success)
			case drssim.Success:
				s.sim.SetStatus(j.ID, drssim.Failed)
			}
		})
	case "unseen":
		s.newest(func(j drssim.Job) { s.unseen[j.ID] = s.now.Add(e.arg) })
	case "odd-status":
		s.newest(func(j drssim.Job) {
			if !hasEnded(j) && s.rng.IntN(2) == 0 {
				s.sim.Cancel(j.ID, "CANCELED")
				return
			}
			s.sim.ShowStatus(j.ID, pick(s.rng, "CANCELED", "PAUSED"), e.arg)
		})
	}
}

// anyJob is one of the last jobs of the plan.
func (s *host) anyJob(f func(drssim.Job)) {
	var mine []drssim.Job
	for _, j := range s.sim.Jobs() {
		if s.checker.shadows[j.ID].plan == s.team.plan.Name {
			mine = append(mine, j)
		}
	}
	if len(mine) > 0 {
		f(mine[len(mine)-1-s.rng.IntN(min(2, len(mine)))])
	}
}

// decideHastily is a person who did not look: any step, any job, in any state.
func (s *host) decideHastily(act string) {
	steps, jobs := len(s.team.steps), s.sim.Jobs()
	seq, job := 1+s.rng.IntN(steps), ""
	if len(jobs) > 0 {
		job = jobs[s.rng.IntN(len(jobs))].ID
	}
	if s.rng.IntN(4) > 0 {
		seq = min(steps, s.current())
	}
	s.checker.look()
	began := s.now
	r := s.say(act, func(p *Runner, ctx context.Context) Result {
		switch act {
		case "ignores":
			return p.Ignore(ctx, job, "hasty")
		case "says-failed":
			return p.MarkFailed(ctx, seq, Assurance{}, "hasty")
		case "says-succeeded":
			return p.MarkSucceeded(ctx, seq, Assurance{}, "hasty")
		case "says-not-created":
			return p.MarkNotCreated(ctx, seq, Assurance{}, "hasty")
		case "retries":
			return p.Retry(ctx, seq, "hasty")
		}
		return p.Adopt(ctx, seq, job, "hasty")
	})
	if r.Class() == OK && act == "says-succeeded" {
		s.checker.saidSucceeded(s, seq, began)
	}
}

// current is the step that comes next, by what the ledger says.
func (s *host) current() int {
	c, err := LoadChain(context.Background(), s.ledgerOf(), s.team.plan)
	for seq := 1; err == nil; seq++ {
		if !slices.Contains([]string{"succeeded"}, string(c.State.Step(seq).State)) {
			return seq
		}
	}
	return 1
}

// isRestored looks at the database: whether it has the step's backup and, if
// the plan now has the cutover there, was opened by it.
func (s *host) isRestored(seq int) bool {
	p := s.team.plan
	last := p.Cutover != nil && seq == len(p.Backups)
	return slices.ContainsFunc(s.sim.Jobs(), func(j drssim.Job) bool {
		made := s.checker.shadows[j.ID]
		return made.Chain == p.Chain() && made.Step == seq && made.last == last && !j.Restored.IsZero()
	})
}

// startOver is the way out when the database is lost: it is dropped, and the
// plan starts again, unless that was done already.
func (s *host) startOver() {
	if was := s.runner.Plan; s.team.plan.Name != was.Name || s.team.plan.Generation != was.Generation {
		return
	}
	s.note("person: the database is lost, starting over")
	s.sim.DropDatabase(modelInstance, s.team.plan.Databases.Names[0])
	s.team.failures = 0
	s.team.write(s.team.plan.Generation+1, nil)
}

// renameBack restores the name under which the database was taken; or closes
// that plan, and lets this one begin with a full.
func (s *host) renameBack(r Result) {
	d := s.team
	if s.think(); d.plan != s.runner.Plan {
		return // somebody else was faster
	}
	if owner := d.version(r.Owner); owner != nil && !s.checker.isOnline(owner) && s.rng.IntN(3) == 0 {
		closed := s.say("close", func(p *Runner, ctx context.Context) Result {
			p.Plan = owner
			return p.ClosePlan(ctx, "taken over")
		})
		if closed.Class() == OK && !s.checker.isOnline(owner) {
			s.sim.DropDatabase(modelInstance, owner.Databases.Names[0])
			return
		}
	}
	d.name = r.Owner.Plan
	d.write(r.Owner.Generation, nil)
}

// version is the newest plan in git that a chain was made of.
func (d *team) version(o *Owner) *plan.Plan {
	for _, p := range slices.Backward(d.versions) {
		if p.Name == o.Plan && p.Generation == o.Generation {
			return p
		}
	}
	return nil
}

// afterFailure fixes the cause, and looks at the database first, or only after
// the next attempt failed too.
func (s *host) afterFailure(r Result) {
	s.think()
	d := s.team
	d.failures++
	if r.Reason == JobFailed && s.isRestored(r.Step) && s.whims.IntN(2) == 0 {
		s.saySucceeded(r.Step)
		return
	}
	d.write(d.plan.Generation, nil)
	switch {
	case d.failures > mostFailures:
		s.startOver()
	default:
		s.say("retry", func(p *Runner, ctx context.Context) Result { return p.Retry(ctx, r.Step, "fixed") })
	}
}

// saySucceeded marks a step whose backup is in the database. If the line
// differs from the one that was sent, that line is restored first.
func (s *host) saySucceeded(seq int) {
	r := s.say("mark", func(p *Runner, ctx context.Context) Result {
		return p.MarkSucceeded(ctx, seq, Assurance{}, "looked at the database")
	})
	if r.Reason == NotAllowed {
		s.team.putBack(s.passes)
	}
}

// goBack marks a job of the previous generation that has an undocumented
// status.
func (s *host) goBack(r Result) {
	for _, id := range r.Jobs {
		job, _ := s.sim.Job(id)
		made := s.checker.shadows[id]
		if made.plan == s.team.plan.Name && made.rank < s.team.plan.Generation && isOdd(job.StatusAt(s.now)) {
			s.team.write(made.rank, nil)
		}
	}
}

// mostFailures of a plan before a person assumes that its database is lost.
const mostFailures = 12

// resolveOdd is about a job with an undocumented status, or one that is no
// longer shown as failed.
func (s *host) resolveOdd(r Result) {
	s.think()
	if s.isRestored(r.Step) {
		s.saySucceeded(r.Step)
		return
	}
	for _, id := range r.Jobs {
		job, _ := s.sim.Job(id)
		switch {
		case !hasEnded(job): // it is at work
		case job.StatusAt(s.now) == drssim.Success:
			s.startOver()
		default:
			s.say("mark", func(p *Runner, ctx context.Context) Result {
				return p.MarkFailed(ctx, r.Step, Assurance{}, "looked at the database")
			})
		}
	}
}

// overwrites adds overwrite to the plan in git.
func (d *team) overwrites() {
	d.write(d.plan.Generation, func(p *plan.Plan) { p.Overwrite = true })
}
