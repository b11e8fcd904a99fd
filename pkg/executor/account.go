package executor

import (
	"context"
	"slices"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// A create for a step leaves only when every job that could be the step's is
// accounted for in this pass (see claims and unaccounted).

// Sight is what a look at a job showed in this pass.
type Sight struct {
	Status string    // as DRS spells it
	Gone   bool      // DRS does not know the job
	Date   time.Time // the server's clock; zero where it gave none to trust
}

// Times that pass before a look is believed, by the server's clock.
const (
	// goneAfter is how long DRS must have been unable to find a job before that
	// is believed, and how long a status that no page knows must have stayed the
	// same before a person's word about it allows a new attempt.
	goneAfter = silentFence
	// unknownFor is how long a pass goes on waiting for a job in such a status.
	unknownFor = time.Hour
)

// claims are the ids of all jobs that could be a step's: each that the ledger
// ever tied to it, by any attempt, and each in the listing that carries this
// chain's marker for it or the name of one of its attempts.
func claims(f Facts, seq int) []string {
	ids := slices.Clone(f.State.Step(seq).AllJobIDs)
	for _, id := range f.Survey.Claims[seq] {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// unseen reports whether one of a step's claims was not looked at in this pass.
func unseen(f Facts, seq int) bool {
	return slices.ContainsFunc(claims(f, seq), func(id string) bool {
		_, ok := f.Sights[id]
		return !ok
	})
}

// unaccounted is the stop of a create while a job could be the step's and is
// not known to have failed. Conflicts come before what time may settle.
func unaccounted(f Facts, seq int) *Stop {
	var wait *Stop
	for _, id := range claims(f, seq) {
		s := accountFor(f.State, id, f.Sights[id])
		switch {
		case s == nil:
			continue
		case s.Code == Conflict:
			s.Step = seq
			return s
		case wait == nil:
			wait = s
		}
		wait.Step = seq
	}
	return wait
}

// accountFor says why a job still counts, nil if it failed, or has been missing
// or in one unknown status for long enough.
func accountFor(state *ledger.State, id string, look Sight) *Stop {
	if look.Gone {
		return missingStop(state, id, look, goneAfter)
	}
	status, known := drs.ParseStatus(look.Status)
	switch {
	case status == drs.Failed || status == drs.PrecheckFailed:
		return nil
	case known || !state.Marked[id]:
		return &Stop{Code: Conflict, Reason: NotFailedAnyMore, Jobs: []string{id}, Detail: look.Status}
	}
	first := state.Unknown[id]
	until := first.Date.Add(goneAfter)
	if first.Status == look.Status && !look.Date.IsZero() && !look.Date.Before(until) {
		return nil
	}
	return &Stop{Code: TryAgain, Reason: StatusSettling, Jobs: []string{id}, Detail: look.Status, Until: until}
}

// missingStop is the stop of what waits until a job has been missing for a
// time, nil when it has.
func missingStop(state *ledger.State, id string, look Sight, enough time.Duration) *Stop {
	since, ok := state.Missing[id]
	if ok && !look.Date.IsZero() && !look.Date.Before(since.Add(enough)) {
		return nil
	}
	s := &Stop{Code: TryAgain, Reason: JobMissing, Jobs: []string{id}}
	if ok {
		s.Since, s.Until = since, since.Add(enough)
	}
	return s
}

// account looks at every job that could be the step's.
func (p *pass) account(ctx context.Context, seq int) (*Stop, error) {
	for _, id := range claims(p.facts, seq) {
		if _, ok := p.facts.Sights[id]; ok {
			continue
		}
		look, _, s, err := p.see(ctx, seq, id)
		if s != nil || err != nil {
			return s, err
		}
		if p.facts.Sights == nil {
			p.facts.Sights = map[string]Sight{}
		}
		p.facts.Sights[id] = look
	}
	return nil, nil
}

// see looks at a job that could be a step's, and keeps in the ledger what later
// passes must know: since when DRS does not know it, or since when it shows a
// status that no page knows.
func (p *pass) see(ctx context.Context, seq int, id string) (Sight, drs.Job, *Stop, error) {
	j, err := p.Jobs.ShowReplicationJob(ctx, id)
	refused, answered := asRefused(err)
	switch {
	case answered && refused.NotFound():
		look := Sight{Gone: true, Date: refused.Date}
		return look, j, nil, p.noteSight(ctx, seq, id, look)
	case err != nil:
		return Sight{}, j, fromError(err), nil
	}
	look := Sight{Status: j.Status, Date: j.Date}
	return look, j, nil, p.noteSight(ctx, seq, id, look)
}

func (p *pass) noteSight(ctx context.Context, seq int, id string, look Sight) error {
	kind := sightKind(p.facts.State, id, look)
	if kind == "" || seq < 1 {
		return nil
	}
	d := ledger.SightData{JobID: id, Date: look.Date}
	if kind == ledger.Unknown {
		d.Status = look.Status
	}
	return p.append(ctx, kind, seq, p.facts.State.Step(seq).Attempt, d)
}

// sightKind is the kind of event that a look is worth, "" for none. Without a
// date of the server's no time begins to run.
func sightKind(state *ledger.State, id string, look Sight) ledger.Kind {
	_, missing := state.Missing[id]
	_, known := drs.ParseStatus(look.Status)
	switch {
	case look.Gone && !missing && !look.Date.IsZero():
		return ledger.Missing
	case look.Gone:
		return ""
	case !known && !look.Date.IsZero() && (missing || state.Unknown[id].Status != look.Status):
		return ledger.Unknown
	case missing:
		return ledger.Found
	}
	return ""
}
