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

// planted is a fault of the protocol that tests put into a runner.
type planted struct {
	name  string
	hasty bool // people resolve a doubt at once, and nothing stops them
	plant func(*host, *Runner)
	told  func(Result) Result // what is said of a pass
	// near are events that make the fault show; every schedule gets some.
	near  []event
	pair  bool // two plans
	apart bool // two runners that the lock does not hold; a credential sees its own jobs only
}

// change plants the fault.
func (f planted) change(s *host, r *Runner) {
	if f.plant != nil {
		f.plant(s, r)
	}
}

// say changes what is said of a pass.
func (f planted) say(r Result) Result {
	if f.told != nil {
		return f.told(r)
	}
	return r
}

// faults are those that the protocol guards against.
func faults() []planted {
	return slices.Concat(sendFaults(), stallFaults(), settleFaults(), decisionFaults(), accountFaults())
}

// sendFaults are about sending a create and recording it.
func sendFaults() []planted {
	stopped := event{"stop", "dial", 2, 3 * time.Hour}
	return []planted{
		{name: "the signature dated after the intent's check", near: []event{stopped, {"stop", "dial", 3, 26 * time.Hour}},
			plant: func(s *host, r *Runner) { r.Jobs = &signsLate{&modelJobs{s}} }},
		{name: "many sends under one intent", plant: func(s *host, r *Runner) {
			r.Jobs = &sendsAgain{&modelJobs{s}, func(o drs.Outcome) bool { return o.Kind == drs.Throttled }}
		}},
		{name: "a retry on any error", plant: func(s *host, r *Runner) {
			r.Jobs = &sendsAgain{&modelJobs{s}, func(o drs.Outcome) bool { return o.Kind != drs.Accepted }}
		}},
		{name: "the record after the effect", plant: func(_ *host, r *Runner) { onAppend(r, recordsLate) }},
		{name: "an old outcome closes a new intent", apart: true, near: oldOutcomeEvents(),
			plant: func(s *host, r *Runner) {
				onAppend(r, func(real appendFunc) appendFunc { return closesNewest(s, real) })
			}},
		{name: "the lock as the only guard", near: []event{{"stop", "uptime", 3, time.Hour}, {"stop", "append-intent", 1, time.Hour}},
			plant: func(s *host, r *Runner) { onAppend(r, func(real appendFunc) appendFunc { return onAnyHead(s, real) }) }},
		{name: "a 503 trusted", near: []event{{"503-after-accept", "sim", 1, 0}, {"503-after-accept", "sim", 2, 0}}, plant: classifies(drs.Unsent, func(e *drs.Error) bool { return e != nil && e.StatusCode == 503 })},
		{name: "a state code taken for not created", plant: classifies(drs.Unsent, func(e *drs.Error) bool { return e != nil && e.StatusCode/100 == 4 })},
		{name: "all errors taken for failed", plant: classifies(drs.Refused, func(*drs.Error) bool { return true })},
		{name: "a failed look taken for a failed job", plant: func(s *host, r *Runner) { r.Jobs = &looksBadly{&modelJobs{s}} }},
	}
}

// stallFaults are about runs that stall, and disks that are full.
func stallFaults() []planted {
	var stopped, lastSeconds, full []event
	for n := 1; n <= 6; n++ {
		stopped = append(stopped, event{"stop", "listed", n, 70 * time.Second}, event{"stop", "decided", n, time.Hour})
		lastSeconds = append(lastSeconds, event{"last-seconds", "list", n, 5 * time.Second})
		full = append(full, event{"disk-full", "answer", n, time.Minute})
	}
	return []planted{
		{name: "the age of a listing counted from the intent", near: stopped,
			plant: func(s *host, r *Runner) {
				r.Jobs = &sendsLoosely{&modelJobs{s}, func(c *drs.Create) { c.ListedAt = s.now.Sub(s.start) }}
			}},
		{name: "the window not held at the first byte", near: lastSeconds,
			plant: func(s *host, r *Runner) { r.Jobs = &sendsLoosely{&modelJobs{s}, func(c *drs.Create) { c.EndsAt = 0 }} }},
		{name: "a record that failed called an error", near: full, told: func(r Result) Result {
			if r.Reason == RecordLost {
				r.Reason = LedgerFailed
			}
			return r
		}},
	}
}

// sendsLoosely removes the checks of a create at its first byte.
type sendsLoosely struct {
	*modelJobs
	loosen func(*drs.Create)
}

func (m *sendsLoosely) CreateReplicationJob(ctx context.Context, c drs.Create) drs.Outcome {
	m.loosen(&c)
	return m.modelJobs.CreateReplicationJob(ctx, c)
}

// oldOutcomeEvents stop one runner before its first byte until another has
// settled the doubt, and has sent again into a doubt of its own.
func oldOutcomeEvents() []event {
	return []event{{"stop", "dial", 2, 75 * time.Minute}, {"late-accept", "sim", 2, lateInside}, {"crash", "sleep", 1, 0}}
}

// settleFaults are about doubts.
func settleFaults() []planted {
	late := []event{{"late-accept", "sim", 2, 14 * time.Minute}, {"late-accept", "sim", 3, lateInside}}
	doubt := func(change func(*host, *doubtFacts)) func(*host, *Runner) {
		return func(s *host, r *Runner) {
			r.hooks.doubt = func(f doubtFacts) verdict {
				v := *f.target
				f.target = &v
				change(s, &f)
				return decideDoubt(f)
			}
		}
	}
	return []planted{
		{name: "no settle time", near: late, plant: doubt(func(_ *host, f *doubtFacts) {
			f.Known.Intent.FenceUntil, f.Known.Intent.AnsweredFenceUntil = f.Known.Intent.SignedAt, f.Known.Intent.SignedAt
		})},
		{name: "the settle timer on the local clock", near: append(late, event{"jump", "sleep", 2, 3 * time.Hour}, event{"jump", "pass", 4, 3 * time.Hour}),
			plant: doubt(func(s *host, f *doubtFacts) { f.target.Date = s.now.Add(s.skew) })},
		{name: "a witness from another listing", near: emptyLists(),
			plant: doubt(func(_ *host, f *doubtFacts) { f.target.IDs = append(slices.Clone(f.target.IDs), f.NewestJob) })},
		{name: "the full believed absent without a person", near: []event{{"lost-before-accept", "sim", 1, 0}},
			plant: doubt(func(_ *host, f *doubtFacts) {
				f.Step.Seq, f.Step.Last, f.NewestJob = 2, false, "x"
				f.target.IDs = []string{"x"}
			})},
		{name: "a person resolves too early", hasty: true, near: []event{{"late-accept", "sim", 1, 5 * time.Minute}, {"late-accept", "sim", 3, 14 * time.Minute}}},
		{name: "adoption without comparison", near: []event{{"twin", "dial", 2, 0}, {"lost-before-accept", "sim", 2, 0}}, plant: func(_ *host, r *Runner) {
			r.hooks.doubt = func(f doubtFacts) verdict {
				if len(f.target.Candidates) > 0 {
					return verdict{Adopt: f.target.Candidates[0].ID}
				}
				return decideDoubt(f)
			}
		}},
		{name: "a fuzzy name accepted", near: []event{{"foreign", "dial", 2, 0}, {"lost-before-accept", "sim", 2, 0}}, plant: func(_ *host, r *Runner) {
			r.hooks.doubt = func(f doubtFacts) verdict {
				if len(f.target.Candidates) == 0 && len(f.target.Unaccounted) > 0 {
					return verdict{Adopt: f.target.Unaccounted[0]}
				}
				return decideDoubt(f)
			}
		}},
		{name: "another principal's job invisible", apart: true,
			near: []event{{"stop", "answer", 2, 3 * time.Hour}, {"stop", "answer", 3, 3 * time.Hour}, {"stop", "answer", 4, 3 * time.Hour}},
			plant: func(s *host, r *Runner) {
				s.cred, r.Identity.Principal = []string{"key-a", "key-b"}[s.id%2], "anybody"
			}},
	}
}

// emptyLists hide a job that was created.
func emptyLists() []event {
	out := []event{{"lost-after-accept", "sim", 2, 0}, {"crash", "sleep", 1, 0}}
	for n := 3; n < 12; n++ {
		out = append(out, event{"list-empty", "sim", n, 0})
	}
	return out
}

// onFacts changes the facts that Next decides on.
func onFacts(change func(*Facts)) func(*host, *Runner) {
	return func(_ *host, r *Runner) {
		r.hooks.next = func(f Facts) Action {
			if f.target != nil {
				v := *f.target
				f.target = &v
			}
			change(&f)
			return Next(f)
		}
	}
}

// decisionFaults are about the decision what to do next.
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

// closesNewest names the newest intent in every outcome, whichever it belongs
// to.
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
