package executor

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// worldEvent is what people and disks do. It is long because it is one switch over
// the cases.
func (s *host) worldEvent(e event) {
	d := s.team
	switch e.act {
	case "delete", "delete-in-doubt":
		s.deleteRecord(e.act == "delete-in-doubt")
	case "rename":
		s.newest(func(j drssim.Job) { s.sim.Rename(j.ID, "renamed-"+d.plan.Name) })
	case "describe":
		s.newest(func(j drssim.Job) { s.sim.SetDescription(j.ID, "nothing") })
	case "generation":
		if d.shape.overwrite && !d.finished { // a finished plan is not changed
			d.write(d.plan.Generation+1, nil)
		}
	case "edit":
		d.write(d.plan.Generation, func(p *plan.Plan) { p.Backups[s.rng.IntN(len(p.Backups))].Keys = []string{"edited.bak"} })
	case "shorten":
		d.write(d.plan.Generation, func(p *plan.Plan) { p.Backups = p.Backups[:max(1, len(p.Backups)-1)] })
	case "unmark":
		d.write(d.plan.Generation, func(p *plan.Plan) { p.Cutover = nil })
	case "window":
		d.write(d.plan.Generation, func(p *plan.Plan) {
			if p.Cutover != nil {
				p.Cutover.NotBefore, p.Cutover.NotAfter = s.now, s.now.Add(1000*time.Hour)
			}
		})
	case "foreign":
		s.sim.AddForeignJob(drssim.ForeignJob{Instance: modelInstance, Name: d.plan.Name + "-copy", Description: "made in the console", Databases: []string{"other"}, Running: s.upTo(time.Hour)})
	case "twin":
		seq := 1 + s.rng.IntN(len(d.steps))
		s.sim.AddForeignJob(drssim.ForeignJob{Instance: modelInstance, Name: d.steps[seq-1].JobName(1), Description: d.steps[seq-1].Marker().String(), Databases: []string{"other"}, Running: s.upTo(time.Hour)})
	case "rename-plan":
		d.name = pick(s.rng, d.shape.name+"-new", d.shape.name+"-other")
		d.write(d.plan.Generation, nil)
	case "closes":
		s.say("close", func(p *Runner, ctx context.Context) Result { return p.ClosePlan(ctx, "") })
	case "overwrite":
		d.overwrites()
	case "restart", "unseen", "odd-status":
		s.serverEvent(e)
	case "ignores", "says-failed", "says-succeeded", "says-not-created", "retries", "adopts-wrong":
		s.decideHastily(e.act)
	case "disk-full":
		s.full = s.now.Add(e.arg)
	case "principal":
		s.cred = pick(s.rng, "key-a", "key-b")
	case "hold":
		s.say("hold", func(p *Runner, ctx context.Context) Result { return p.HoldPlan(ctx, "") })
	case "lose-ledger", "roll-back", "lose-ledger-running", "roll-back-running":
		s.loseLedger(strings.HasPrefix(e.act, "roll-back"), !strings.HasSuffix(e.act, "-running"))
	default:
		s.other = e.act
	}
}

// awaitWindowEnd waits for the last seconds of the window, if the cutover is
// next.
func (s *host) awaitWindowEnd(left time.Duration) {
	p := s.team.plan
	c, err := LoadChain(context.Background(), s.ledgerOf(), p)
	if err != nil || p.Cutover == nil || len(p.Backups) > 1 && c.State.Step(len(p.Backups)-1).State != ledger.StepSucceeded {
		return
	}
	if wait := p.Cutover.NotAfter.Add(-left).Sub(s.now); wait > 0 && wait < 24*time.Hour {
		s.pause(wait)
	}
}

func (s *host) newest(f func(drssim.Job)) {
	for _, j := range slices.Backward(s.sim.Jobs()) {
		if made := s.checker.shadows[j.ID]; made.plan == s.team.plan.Name {
			f(j)
			return
		}
	}
}

// deleteRecord deletes the record of an ended job; within A4 only while
// nothing is in doubt.
func (s *host) deleteRecord(inDoubt bool) {
	for _, d := range s.teams {
		c, err := LoadChain(context.Background(), s.ledgerOf(), d.plan)
		if err != nil {
			return
		}
		if _, doubt := doubtful(c.State); doubt && !inDoubt {
			return
		}
	}
	s.newest(func(j drssim.Job) {
		if hasEnded(j) {
			s.sim.Delete(j.ID)
		}
	})
}

// loseLedger kills every runner and replaces the ledger with an older copy or
// an empty one. Careful people then let nobody run for a while.
func (s *host) loseLedger(old, careful bool) {
	fresh := ledger.OpenMemory()
	s.copyLedger(fresh, old)
	_ = s.ledgerOf().Close()
	s.checker.forget()
	s.world.ledger = fresh
	if careful {
		s.quiet = s.now.Add(46 * time.Minute)
	}
	for _, other := range s.hosts {
		other.killed = other != s
	}
	panic(crash{})
}

func (s *host) copyLedger(into *ledger.Ledger, old bool) {
	ctx := context.Background()
	chains, _ := s.ledgerOf().Opened(ctx)
	if !old {
		return
	}
	for _, opened := range chains {
		events, _ := s.ledgerOf().Events(ctx, opened.Chain)
		var head ledger.Head
		for _, e := range events[:s.rng.IntN(len(events)+1)] {
			e, err := into.Append(ctx, head, e)
			if err != nil {
				s.checker.report("I7", "%v", err)
			}
			head = ledger.Head{Seq: e.Seq, Hash: e.Hash}
		}
	}
}
