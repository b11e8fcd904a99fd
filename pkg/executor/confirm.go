package executor

import (
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/plan"
)

// keys stops the two acts that cannot be undone until a person, or the plan
// explicitly, has confirmed them.
func keys(f Facts, step plan.Step, attempt int) *Stop {
	p := step.Plan
	switch {
	case f.Keys.Rehearsal:
		return nil
	case f.OverwriteKey(step) && !plan.Confirms(f.Keys.Overwrite, f.Steps, plan.ActOverwrite, attempt):
		s := lacksKey(f, step.Seq, OverwriteKey, f.Keys.Overwrite, plan.ActCutover)
		if p.OverwriteUnattended && s.Why == "" {
			s.Why = WhyOnlineBefore
		}
		return s
	case !step.Last:
		return nil
	}
	if s := window(p.Cutover, step.Seq, f.Now, f.target.Date); s != nil && s.Reason == WindowPast {
		return s
	}
	if !p.Cutover.Unattended && !plan.Confirms(f.Keys.Cutover, f.Steps, plan.ActCutover, attempt) {
		return lacksKey(f, step.Seq, CutoverKey, f.Keys.Cutover, plan.ActOverwrite)
	}
	return window(p.Cutover, step.Seq, f.Now, f.target.Date)
}

// overwrites reports whether a create needs permission to overwrite: it is the
// full backup, or the ledger knows of no create of this chain that was sent
// with is_cover true, as in a ledger that AdoptAll rebuilt.
func (f Facts) overwrites(step plan.Step) bool {
	if !step.Plan.Overwrite || step.Seq == 1 {
		return step.Plan.Overwrite
	}
	for seq := 1; seq < step.Seq; seq++ {
		st := f.State.Step(seq)
		if known, cover := sentCover(st); known && cover || !st.State.Sent() {
			return false // or that step is sent first
		}
	}
	return true
}

// OverwriteKey reports whether a step needs the key to overwrite.
func (f Facts) OverwriteKey(step plan.Step) bool {
	return f.overwrites(step) && (!step.Plan.OverwriteUnattended || f.OnlineBefore)
}

// lacksKey is the stop of an act whose key is missing or does not match. Why
// tells a key for the other act, and a key of this plan that is misspelt or
// from before an edit.
func lacksKey(f Facts, seq int, reason Reason, given string, other plan.Act) *Stop {
	s := stop(reason, seq)
	switch {
	case plan.ConfirmsAnyAttempt(given, f.Steps, other):
		s.Why = WhyOtherAct
	case strings.HasPrefix(given, f.Steps[0].Plan.Name+"@"):
		s.Why = WhyOtherKey
	}
	return s
}

// window compares the time with the cutover's window, by the local clock and
// by the server's: both must be inside. Without the server's time the cutover
// is not sent.
func window(c *plan.Cutover, seq int, local, server time.Time) *Stop {
	switch {
	case c.NotBefore.IsZero() && c.NotAfter.IsZero():
		return nil
	case server.IsZero():
		return stop(NoServerDate, seq)
	}
	for _, now := range []struct {
		time.Time
		clock Why
	}{{local, WhyLocalClock}, {server, WhyServerClock}} {
		if !c.NotAfter.IsZero() && now.After(c.NotAfter) {
			return &Stop{Reason: WindowPast, Step: seq, Until: c.NotAfter, Why: now.clock}
		}
	}
	for _, now := range []time.Time{local, server} {
		if !c.NotBefore.IsZero() && now.Before(c.NotBefore) {
			return &Stop{Reason: BeforeStart, Step: seq, Until: c.NotBefore}
		}
	}
	return nil
}
