package executor

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// decisionFaults are about the decision what to do next. It is long because it
// contains a table.
func decisionFaults() []planted {
	next := onFacts
	lost := []event{{"roll-back", "followed", 4, 0}, {"roll-back", "followed", 6, 0}, {"lose-ledger", "followed", 4, 0}}
	return []planted{
		{name: "the name looked up only before the first create", near: lost, plant: next(func(f *Facts) {
			if f.target != nil && f.State.Step(1).State == ledger.StepSucceeded {
				f.target.Unknown = nil
			}
		})},
		{name: "a lost ledger taken for a new plan", near: lost, plant: next(func(f *Facts) {
			if f.target != nil {
				f.target.Unknown = nil
			}
		})},
		{name: "a generation raised while the old one is in doubt", near: []event{{"generation", "answer", 1, 0}, {"generation", "followed", 1, 0}, {"late-accept", "sim", 1, 14 * time.Minute}},
			plant: next(func(f *Facts) { f.older = nil })},
		{name: "a retry without looking", near: []event{{"false-failed", "show", 2, 0}, {"false-failed", "show", 3, 0}},
			plant: next(func(f *Facts) {
				if f.target != nil {
					f.target.Claims = nil
				}
				forgetTied(f)
			})},
		{name: "an edited past accepted", near: []event{{"edit", "followed", 3, 0}, {"edit", "pass", 4, 0}}, plant: next(func(f *Facts) {
			c := *f.State
			c.Steps = slices.Clone(c.Steps)
			for i := range min(len(c.Steps), len(f.Steps)) {
				c.Steps[i].ChainSHA256 = f.Steps[i].ChainSHA256
			}
			f.State = &c
		})},
		{name: "overwriting without its key", plant: next(func(f *Facts) {
			f.Keys.Overwrite = plan.Confirmation(f.Steps, plan.ActOverwrite, f.State.Step(1).Attempt)
		})},
		{name: "the plan not compared before the intent", near: editsWhileListing(), plant: func(_ *host, r *Runner) { r.Unchanged = nil }},
		{name: "the plan read once for all passes", near: windowEdits(), plant: func(s *host, r *Runner) {
			r.Unchanged, r.Plan = nil, s.team.versions[0]
			r.Plan.Steps, _ = plan.Steps(r.Plan)
		}},
		{name: "one key for both acts", plant: func(_ *host, r *Runner) {
			if plan.Confirms(r.Keys.Overwrite, r.Plan.Steps, plan.ActOverwrite, 1) {
				r.Keys.Cutover = plan.Confirmation(r.Plan.Steps, plan.ActCutover, 1)
			}
		}},
		{name: "a key from before the window was edited", near: windowEdits(), plant: func(s *host, r *Runner) {
			for _, p := range s.team.versions {
				if before, _ := plan.Steps(p); plan.Confirms(r.Keys.Cutover, before, plan.ActCutover, 1) {
					r.Keys.Cutover = plan.Confirmation(r.Plan.Steps, plan.ActCutover, 1)
				}
			}
		}},
		{name: "the next step sent while one runs", plant: func(_ *host, r *Runner) {
			r.hooks.next = func(f Facts) Action {
				a := Next(f)
				switch {
				case a.kind != actEnd || a.Stop.Reason != JobRunning || a.Step >= len(f.Steps):
					return a
				case f.target == nil:
					return Action{kind: actList, Step: a.Step}
				}
				return Action{kind: actCreate, Step: a.Step + 1}
			}
		}},
	}
}

// editsWhileListing change the plan between a pass's listing and its create.
func editsWhileListing() (out []event) {
	for n := 1; n < 8; n++ {
		out = append(out, event{[]string{"edit", "unmark", "window"}[n%3], "listed", n, 0})
	}
	return out
}

// windowEdits change the cutover's window between passes.
func windowEdits() (out []event) {
	for n := 3; n < 14; n++ {
		out = append(out, event{"window", "pass", n, 0})
	}
	return out
}

// forgetTied removes the jobs that the ledger ties to a step.
func forgetTied(f *Facts) {
	c := *f.State
	c.Steps = slices.Clone(c.Steps)
	for i := range c.Steps {
		c.Steps[i].AllJobIDs = nil
	}
	f.State = &c
}

// signsLate dates the signature when it sends, and ignores the age of the
// intent.
type signsLate struct{ *modelJobs }

func (m *signsLate) CreateReplicationJob(_ context.Context, c drs.Create) drs.Outcome {
	m.at("dial")
	m.pause(m.upTo(2 * time.Second))
	c.SignedAt = m.now
	return m.send(c)
}

// sendsAgain repeats a create by itself.
type sendsAgain struct {
	*modelJobs
	when func(drs.Outcome) bool
}

func (m *sendsAgain) CreateReplicationJob(ctx context.Context, c drs.Create) drs.Outcome {
	out := m.modelJobs.CreateReplicationJob(ctx, c)
	for range 2 {
		if m.when(out) {
			out = m.modelJobs.CreateReplicationJob(ctx, c)
		}
	}
	return out
}

// looksBadly treats an error as the end of a job.
type looksBadly struct{ *modelJobs }

func (m *looksBadly) ShowReplicationJob(ctx context.Context, id string) (drs.Job, error) {
	j, err := m.modelJobs.ShowReplicationJob(ctx, id)
	if err != nil {
		j.ID, j.Status = id, "FAILED"
	}
	return j, nil
}

// classifies plants a misjudged outcome for some uncertain answers.
func classifies(as drs.OutcomeKind, which func(*drs.Error) bool) func(*host, *Runner) {
	return func(s *host, r *Runner) { r.Jobs = &misjudges{&modelJobs{s}, as, which} }
}

// misjudges changes the outcome of some uncertain answers.
type misjudges struct {
	*modelJobs
	as    drs.OutcomeKind
	which func(*drs.Error) bool
}

func (m *misjudges) CreateReplicationJob(ctx context.Context, c drs.Create) drs.Outcome {
	out := m.modelJobs.CreateReplicationJob(ctx, c)
	var e *drs.Error
	_ = errors.As(out.Err, &e)
	if out.Kind == drs.InDoubt && m.which(e) {
		out.Kind = m.as
	}
	return out
}

// onAppend changes how a runner appends events that take no databases.
func onAppend(r *Runner, change func(appendFunc) appendFunc) {
	real := r.hooks.append
	changed := change(func(ctx context.Context, h ledger.Head, e ledger.Event) (ledger.Event, error) {
		return real(ctx, h, e, nil)
	})
	r.hooks.append = func(ctx context.Context, h ledger.Head, e ledger.Event, allow func(*ledger.Ledger) error) (ledger.Event, error) {
		if allow != nil {
			return real(ctx, h, e, allow)
		}
		return changed(ctx, h, e)
	}
}

type appendFunc = func(context.Context, ledger.Head, ledger.Event) (ledger.Event, error)

// recordsLate writes an intent only together with the event after it.
func recordsLate(real appendFunc) appendFunc {
	var held *ledger.Event
	var at ledger.Head
	return func(ctx context.Context, h ledger.Head, e ledger.Event) (ledger.Event, error) {
		if e.Kind == ledger.Intent {
			held, at = &e, h
			e.Seq, e.Hash = h.Seq+1, "not written"
			return e, nil
		}
		if held != nil {
			written, err := real(ctx, at, *held)
			if held = nil; err != nil {
				return e, err
			}
			h = ledger.Head{Seq: written.Seq, Hash: written.Hash}
		}
		return real(ctx, h, e)
	}
}

// closesNewest names the newest intent in every outcome, even of another intent.
func closesNewest(s *host, real appendFunc) appendFunc {
	return func(ctx context.Context, h ledger.Head, e ledger.Event) (ledger.Event, error) {
		var d map[string]any
		outcome := json.Unmarshal(e.Data, &d) == nil && slices.Contains(slices.Collect(maps.Keys(d)), "intent_run")
		events, err := s.ledgerOf().Events(ctx, e.Chain)
		for _, old := range events {
			if outcome && old.Kind == ledger.Intent && old.Step == e.Step {
				d["intent"] = old.Seq
				e.Data, _ = json.Marshal(d)
			}
		}
		if err != nil {
			return e, err
		}
		return real(ctx, h, e)
	}
}

// onAnyHead appends after whatever was written meanwhile.
func onAnyHead(s *host, real appendFunc) appendFunc {
	return func(ctx context.Context, h ledger.Head, e ledger.Event) (ledger.Event, error) {
		for {
			out, err := real(ctx, h, e)
			if !errors.Is(err, ledger.ErrLostRace) {
				return out, err
			}
			events, err := s.ledgerOf().Events(ctx, e.Chain)
			if err != nil || len(events) == 0 {
				return e, err
			}
			newest := events[len(events)-1]
			h = ledger.Head{Seq: newest.Seq, Hash: newest.Hash}
		}
	}
}
