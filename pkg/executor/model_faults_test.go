package executor

import (
	"context"
	"slices"
	"time"

	"github.com/migplan/migplan/pkg/drs"
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

// settleFaults are about doubts. It is long because it contains a table.
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
