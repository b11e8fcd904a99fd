package executor

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// accountFaults are about jobs that could belong to a step, and what people
// decide about them.
//
// Cases that no schedule covers have a decision table or a script. A kill, a
// signal or a reader that goes away between an answer and its record loses
// only the answer: that is the move `crash` at `answer`, and
// TestReaderOfStderrGoesAway and the scripts pipes, signals and signals-twice
// show it with the real command. The listing before a plan counts as online is
// in TestModelTwoLedgersFaultIsCaught.
func accountFaults() []planted {
	return []planted{
		{name: "an earlier attempt forgotten after a refusal", near: retriedEvents(), plant: onFacts(forgetsOlder)},
		{name: "a missing job believed at once", near: unseenEvents(), plant: backdates(ledger.Missing)},
		{name: "an unknown status that a person called failed accounts at once", near: oddEvents(), plant: backdates(ledger.Unknown)},
		{name: "a job ignored without a look at its marker", near: ignoringEvents(),
			plant: func(s *host, r *Runner) { r.Jobs = &ignoresBlindly{&modelJobs{s}} }},
		{name: "the is_cover of an adopted chain taken for the plan's", near: overwriteEvents(), plant: onFacts(knowsCover)},
		{name: "a job of another plan adopted by its file names", pair: true, near: adoptingEvents(),
			plant: func(s *host, r *Runner) { r.Jobs = &adoptsByFiles{&modelJobs{s}} }},
		{name: "a database that every plan may take", near: renamingEvents(), plant: takesAnyDatabase},
		{name: "a hold that ends with the generation", near: heldEvents(), plant: func(s *host, r *Runner) {
			onFacts(func(f *Facts) {
				c := *f.State
				if own, err := foldChain(context.Background(), s.ledgerOf(), c.Chain); err == nil {
					c.Held = own.Held
				}
				f.State = &c
			})(s, r)
		}},
		{name: "adopt --all opens the next attempt of an edited failed step", near: editedAfterLoss(),
			plant: func(s *host, r *Runner) {
				onAppend(r, func(real appendFunc) appendFunc { return skipsFailed(s, real) })
			}},
	}
}

func events(where []string, from, to int, acts ...event) (out []event) {
	for n := from; n <= to; n++ {
		for _, place := range where {
			for _, e := range acts {
				out = append(out, event{e.act, place, n, e.arg})
			}
		}
	}
	return out
}

func retriedEvents() []event {
	out := []event{{"job-failed", "sim", 1, 0}, {"refused", "sim", 2, 0}}
	return append(out, events([]string{"followed", "pass"}, 4, 6, event{act: "restart"})...)
}

func unseenEvents() []event {
	return events([]string{"followed"}, 2, 3, event{act: "unseen", arg: 20 * time.Minute}, event{act: "says-failed"})
}

func oddEvents() []event {
	return events([]string{"followed"}, 2, 3, event{act: "odd-status", arg: 40 * time.Minute}, event{act: "says-failed"})
}

func ignoringEvents() []event {
	out := []event{{"lost-after-accept", "sim", 1, 0}, {"lost-after-accept", "sim", 2, 0}, {"lose-ledger", "followed", 3, 0}}
	return append(out, events([]string{"asked", "followed"}, 1, 5, event{act: "ignores"})...)
}

func overwriteEvents() []event {
	out := []event{{"lose-ledger", "followed", 4, 0}, {"roll-back", "followed", 4, 0}}
	return append(out, events([]string{"pass", "listed"}, 5, 9, event{act: "overwrite"})...)
}

func adoptingEvents() []event {
	out := []event{{"lose-ledger", "followed", 4, 0}, {"lost-after-accept", "sim", 1, 0}, {"lost-after-accept", "sim", 2, 0}}
	return append(out, events([]string{"pass", "followed"}, 3, 8, event{act: "adopts-wrong"})...)
}

func editedAfterLoss() []event {
	out := []event{{"job-failed", "sim", 1, 0}, {"job-failed", "sim", 2, 0}}
	out = append(out, events([]string{"followed"}, 3, 5, event{act: "lose-ledger"})...)
	return append(out, events([]string{"pass"}, 4, 7, event{act: "edit"})...)
}

func renamingEvents() []event {
	return events([]string{"followed"}, 3, 8, event{act: "rename-plan"})
}

func heldEvents() []event {
	return events([]string{"followed", "pass"}, 2, 6, event{act: "hold"}, event{act: "generation"})
}

// takesAnyDatabase hides from the ledger which databases a plan works on.
func takesAnyDatabase(s *host, r *Runner) {
	p := *r.Plan
	p.Databases = plan.Databases{Names: []string{p.Name}}
	was := r.Plan
	r.Plan, r.Unchanged = &p, func() error { return s.team.differsFrom(was) }
}

// forgetsOlder knows only the attempt before, if that was refused.
func forgetsOlder(f *Facts) {
	c := *f.State
	c.Steps = slices.Clone(c.Steps)
	for i := range c.Steps {
		if c.Steps[i].Attempt < 3 {
			continue
		}
		c.Steps[i].AllJobIDs = nil
		if f.target != nil {
			f.target.Claims = nil
		}
	}
	f.State = &c
}

// knowsCover assumes that an adopted job overwrites as the plan says now.
func knowsCover(f *Facts) {
	c := *f.State
	c.Steps = slices.Clone(c.Steps)
	for i := range c.Steps {
		if c.Steps[i].Intent.Body == "" {
			c.Steps[i].IsCover = &f.Steps[0].Plan.Overwrite
		}
	}
	f.State = &c
}

// backdates pretends that what a look showed has been so for long.
func backdates(kind ledger.Kind) func(*host, *Runner) {
	return func(_ *host, r *Runner) {
		onAppend(r, func(real appendFunc) appendFunc {
			return func(ctx context.Context, h ledger.Head, e ledger.Event) (ledger.Event, error) {
				var d ledger.SightData
				if e.Kind == kind && json.Unmarshal(e.Data, &d) == nil {
					d.Date = d.Date.Add(-goneAfter - time.Minute)
					e.Data, _ = json.Marshal(d)
				}
				return real(ctx, h, e)
			}
		})
	}
}

// ignoresBlindly lets any job be ignored, and hides it from then on.
type ignoresBlindly struct{ *modelJobs }

func (m *ignoresBlindly) ShowReplicationJob(ctx context.Context, id string) (drs.Job, error) {
	j, err := m.modelJobs.ShowReplicationJob(ctx, id)
	if m.saying == "ignore" || m.saying == "ignores" {
		j.Name, j.Description = "", ""
	}
	return j, err
}

func (m *ignoresBlindly) ListReplicationJobs(ctx context.Context, instance string) (drs.Listing, error) {
	l, err := m.modelJobs.ListReplicationJobs(ctx, instance)
	if c, failed := LoadChain(ctx, m.ledgerOf(), m.team.plan); failed == nil {
		l.Jobs = slices.DeleteFunc(l.Jobs, func(j drs.OfflineTaskInfo) bool { return c.State.Ignored[j.ID] })
	}
	return l, err
}

// adoptsByFiles compares only the names of the files.
type adoptsByFiles struct{ *modelJobs }

func (m *adoptsByFiles) ShowReplicationJob(ctx context.Context, id string) (drs.Job, error) {
	j, err := m.modelJobs.ShowReplicationJob(ctx, id)
	if m.saying == "adopts-wrong" {
		j.Name, j.Description, j.DBNames = "", "", nil
	}
	return j, err
}

// skipsFailed makes a rebuilt ledger ignore the job of an edited failed step.
func skipsFailed(s *host, real appendFunc) appendFunc {
	return func(ctx context.Context, h ledger.Head, e ledger.Event) (ledger.Event, error) {
		var d ledger.DecisionData
		if s.saying == "adopt all" && e.Kind == ledger.Decision && json.Unmarshal(e.Data, &d) == nil && d.What == ledger.IsFailure {
			d.What = ledger.IgnoreJob
			e.Data, _ = json.Marshal(d)
		}
		return real(ctx, h, e)
	}
}
