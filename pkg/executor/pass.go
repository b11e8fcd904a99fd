package executor

import (
	"context"
	"errors"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// pass is one pass over a chain, or one decision about it, from a newly read
// ledger.
type pass struct {
	*Runner
	lock       *ledger.Lock // on the target; nil: none was taken
	facts      Facts
	chain      *Chain
	read       ledger.Head     // of the chain when it was read
	listedAt   time.Duration   // uptime when the listing began
	others     map[string]bool // jobs of other chains of this ledger, when the target was listed
	sentBefore Sent            // Sent before the last create of this pass
	gated      int             // the step that the gate let through; 0: none
	stale      int             // listings that were too old to use
	repeats    int             // creates that were not accepted
	renewed    bool
	doubtAt    time.Duration // uptime when a doubt arose in this pass; 0: none did
	searches   int
	doubt      *Stop   // what the last search said
	unknown    string  // a decision is about this job, which has an undocumented status
	candidate  drs.Job // a decision is about this job, which may be that of the step in doubt
	result     Result
}

// run decides, acts and decides again, until an action ends the pass. It
// always returns an error.
func (p *pass) run(ctx context.Context) error {
	if err := p.load(ctx); err != nil {
		return err
	}
	for {
		if ctx.Err() != nil {
			return p.cutShort(ctx, nil)
		}
		p.facts.Now = p.hooks.now()
		a := p.hooks.next(p.facts)
		if a.kind == actEnd {
			return a.Stop
		}
		if err := p.act(ctx, a); err != nil {
			if s, ok := asStop(err); ok && s.Reason == APIUnavailable && ctx.Err() != nil {
				err = p.cutShort(ctx, s.Err) // a read that was cut off says nothing about DRS
			}
			return aboutStep(err, a.Step)
		}
	}
}

// cutShort is the stop at the end of the time or after a signal. A doubt that
// arose in this pass is more important than either.
func (p *pass) cutShort(ctx context.Context, waitedFor error) *Stop {
	s := ended(ctx)
	s.Err = waitedFor
	if p.doubtAt == 0 {
		return s
	}
	seq, ok := doubtful(p.facts.State)
	if !ok {
		return s
	}
	if p.doubt != nil {
		return p.doubt
	}
	return &Stop{Reason: Settling, Step: seq, Why: WhyUnsearched, Until: FenceOf(p.facts.State.Step(seq))}
}

func (p *pass) act(ctx context.Context, a Action) error {
	switch a.kind {
	case actLook:
		return p.look(ctx, a.Step)
	case actAccount:
		return p.account(ctx, a.Step)
	case actCheck:
		return p.check(ctx, a.Step)
	case actList:
		return p.list(ctx)
	case actSettle:
		return p.settle(ctx, a.Step)
	default:
		return p.create(ctx, a.Step)
	}
}

// load reads the chain and compares the identity of this run with the one that opened it.
func (p *pass) load(ctx context.Context) error {
	chain, err := LoadChain(ctx, p.Ledger, p.Plan)
	if err != nil {
		return err
	}
	p.facts.Steps, p.facts.State, p.facts.Keys = p.Plan.Steps, chain.State, p.Keys
	p.chain, p.read, p.facts.OnlineBefore = chain, chain.State.Head, chain.OnlineBefore(p.Plan)
	if chain.State.Opened == nil {
		p.facts.older = chain.older(p.Plan)
	}
	if s := chain.Forbids(p.Plan); s != nil {
		return s
	}
	return identityDiffers(chain.State, p.Plan, p.Identity).err()
}

// append records an event after the last one that this pass has read. If
// another run was first, the pass starts again.
func (p *pass) append(ctx context.Context, kind ledger.Kind, step, attempt int, data any) error {
	return p.appendIf(ctx, kind, step, attempt, data, nil)
}

// appendIf is append with a condition, checked in the same transaction; nil:
// none.
func (p *pass) appendIf(ctx context.Context, kind ledger.Kind, step, attempt int, data any,
	allow func(*ledger.Ledger) error,
) error {
	e, err := ledger.New(p.facts.State.Chain, kind, step, attempt, p.Run, data)
	if err != nil {
		return err
	}
	e.At = p.hooks.now()
	e, err = p.hooks.append(ctx, p.facts.State.Head, e, allow)
	if err != nil {
		return err
	}
	return p.facts.State.Apply(e)
}

// appendRetrying appends what was learnt, and again after the newest event if
// another run was first, since it is true in any case. The end of ctx does not stop it.
func (p *pass) appendRetrying(ctx context.Context, kind ledger.Kind, step, attempt int, data any) error {
	ctx = context.WithoutCancel(ctx)
	for range 100 {
		err := p.append(ctx, kind, step, attempt, data)
		if !errors.Is(err, ledger.ErrLostRace) {
			return err
		}
		if err := p.refold(ctx); err != nil {
			return err
		}
	}
	return ledger.ErrLostRace
}

func (p *pass) refold(ctx context.Context) error {
	state, err := foldChain(ctx, p.Ledger, p.facts.State.Chain)
	if err == nil {
		p.facts.State = state
	}
	return err
}

// list lists the target, and asks of each foreign running job which databases
// it works on.
func (p *pass) list(ctx context.Context) error {
	began := p.hooks.uptime()
	l, err := p.Jobs.ListReplicationJobs(ctx, p.Plan.Target.InstanceID)
	if err != nil {
		return fromError(err)
	}
	others, err := p.readOtherChains(ctx)
	if err != nil {
		return err
	}
	v := viewTarget(l, p.Plan, p.facts.State, others)
	v.Running = p.lookAtForeign(ctx, v.Running)
	p.facts.target, p.facts.observed, p.listedAt, p.others = v, nil, began, others.jobs
	return nil
}

// chainsOnTarget is what this ledger knows of other chains on the same target.
type chainsOnTarget struct {
	ids  map[string]bool // the chains
	jobs map[string]bool // the ids of their jobs
	// ended are the jobs that a look has shown as ended.
	ended map[string]bool
	// resolved are the jobs with an undocumented status that a person has
	// marked: that status, and since when it is shown.
	resolved map[string]ledger.SightData
}

// readOtherChains reads the other chains of this ledger on the same target.
func (p *pass) readOtherChains(ctx context.Context) (chainsOnTarget, error) {
	out := chainsOnTarget{
		ids: map[string]bool{}, jobs: map[string]bool{}, ended: map[string]bool{},
		resolved: map[string]ledger.SightData{},
	}
	for _, o := range p.chain.others {
		if o.InstanceID != p.Plan.Target.InstanceID {
			continue
		}
		s, err := foldChain(ctx, p.Ledger, o.Chain)
		if err != nil {
			return chainsOnTarget{}, err
		}
		out.ids[o.Chain] = true
		for id := range s.StepOfJob {
			out.jobs[id], out.ended[id] = true, sawEnd(s, id)
			if s.Marked[id] {
				out.resolved[id] = s.Unknown[id]
			}
		}
	}
	return out, nil
}

// lookAtForeign looks at the foreign running jobs, and leaves out those that
// have ended or work on another target.
func (p *pass) lookAtForeign(ctx context.Context, running []otherJob) []otherJob {
	var out []otherJob
	for _, n := range running {
		if !n.Ours {
			j, err := p.Jobs.ShowReplicationJob(ctx, n.ID)
			status, _ := drs.ParseStatus(j.Status)
			elsewhere := j.TargetInstanceID != "" && j.TargetInstanceID != p.Plan.Target.InstanceID
			if err == nil && (status.Ended() || elsewhere) {
				continue
			}
			n.Overlap = err == nil && overlaps(p.Plan, j)
		}
		out = append(out, n)
	}
	return out
}

// serverNow is the server's clock: the date of the listing and the time since.
// Without that date it is the local clock.
func (p *pass) serverNow() (now time.Time, byServer bool) {
	if p.facts.target == nil || p.facts.target.Date.IsZero() {
		return p.hooks.now().UTC(), false
	}
	return p.facts.target.Date.Add(p.hooks.uptime() - p.listedAt), true
}
