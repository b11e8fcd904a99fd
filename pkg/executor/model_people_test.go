package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// shape is a plan to make.
type shape struct {
	name       string
	steps      int
	cutover    bool
	unattended bool // the cutover goes by itself, in a window
	window     bool
	overwrite  bool
	byHand     bool
	token      bool
}

const modelInstance = "0a3182607bc549bcb46cc9a8755761a6in04"

// objects are the backups of a plan, each log continuing the one before.
func (p shape) objects() []drssim.Object {
	var out []drssim.Object
	for seq := 1; seq <= p.steps; seq++ {
		o := drssim.Object{Bucket: "bucket", Key: p.key(seq), Type: "log", Databases: []string{p.name}, FirstLSN: uint64(seq-1) * 100, LastLSN: uint64(seq) * 100}
		if seq == 1 {
			o.Type = "full"
		}
		out = append(out, o)
	}
	return out
}

func (p shape) key(seq int) string { return fmt.Sprintf("%s/backup-%d.bak", p.name, seq) }

// desk is a plan in git, and the people around it.
type desk struct {
	shape    shape
	start    time.Time
	plan     *plan.Plan
	steps    []plan.Step
	versions []*plan.Plan // in git
	halted   bool         // runners stay away: somebody rebuilds the ledger
	finished bool
	lastStop string
}

func newDesk(p shape, start time.Time) *desk {
	d := &desk{shape: p, start: start}
	d.write(1, nil)
	return d
}

// write puts the plan into git as it is meant to be, with a change.
func (d *desk) write(generation int, change func(*plan.Plan)) {
	p := &plan.Plan{
		Name: d.shape.name, Generation: generation, Target: plan.Target{Region: "r", ProjectID: "p1", InstanceID: modelInstance},
		Source: plan.Source{OBS: &plan.OBS{Bucket: "bucket"}}, Databases: plan.Databases{Names: []string{d.shape.name}},
		Overwrite: d.shape.overwrite, Precheck: true,
	}
	for seq := 1; seq <= d.shape.steps; seq++ {
		b := plan.Backup{Type: plan.Incremental, Keys: []string{d.shape.key(seq)}}
		if seq == 1 {
			b.Type = plan.Full
		}
		p.Backups = append(p.Backups, b)
	}
	if d.shape.cutover {
		p.Cutover = &plan.Cutover{Unattended: d.shape.unattended}
		if d.shape.window {
			p.Cutover.NotBefore, p.Cutover.NotAfter = d.start.Add(2*time.Hour), d.start.Add(12*time.Hour)
		}
	}
	if change != nil {
		change(p)
	}
	d.plan, d.versions = p, append(d.versions, p)
	d.steps, _ = plan.Steps(p)
}

// putBack takes a version of the plan from git. Steps may have been sent from
// an edited one: then it is that one that has to come back.
func (d *desk) putBack(tries int) {
	var same []*plan.Plan
	for _, p := range d.versions {
		if p.Generation == d.plan.Generation {
			same = append(same, p)
		}
	}
	d.plan = same[tries%len(same)]
	d.steps, _ = plan.Steps(d.plan)
}

// follow does what the page says about a stop, and gives the time until the
// next pass.
func (s *slot) follow(r Result) time.Duration {
	d := s.desk
	d.finished = r.Reason == Online || r.Reason == NextBackup
	s.at("followed")
	switch r.Reason {
	case DoubtAsk:
		s.settleByHand(r)
	case JobFailed, CreateRefused:
		s.think()
		d.write(d.plan.Generation, nil)
		s.say("retry", func(p *Runner, ctx context.Context) Result { return p.Retry(ctx, r.Step, "mended") })
	case EditedHistory, PlanShorter, MarkerTooLate:
		s.think()
		d.putBack(s.passes)
	case GenerationBusy:
		d.write(max(1, d.plan.Generation-1), nil)
	case ClosedGeneration:
		d.write(d.plan.Generation+1, nil)
	case UnknownJobs, TwinJobs, JobDiffers, LedgerConflict:
		s.sortOut(r)
	case JobGone, NotFailedAnyMore, HistoryGap:
		s.pronounce(r)
	case CutoverKey, OverwriteKey, WindowPast, BeforeStart:
		return s.turnKeys(r)
	case OnHold:
		s.say("release", func(p *Runner, ctx context.Context) Result { return p.ReleasePlan(ctx, "") })
	case OtherIdentity:
		s.think()
		if c, err := LoadChain(context.Background(), s.ledger, d.plan); err == nil {
			s.cred = c.State.Principal
		}
	}
	return s.patience(r)
}

func hasEnded(j drssim.Job) bool { return j.Status != drssim.Transferring }

// patience is how long nobody looks: longer, the more often nothing changed.
func (s *slot) patience(r Result) time.Duration {
	s.streak++
	if r.Reason != s.last {
		s.last, s.streak = r.Reason, 0
	}
	if wait := r.Until.Sub(s.now); wait > 0 && wait < 48*time.Hour && s.rng.IntN(3) > 0 {
		return wait + s.upTo(2*time.Second)
	}
	rest := s.upTo(pick(s.rng, time.Second, time.Minute, 5*time.Minute, 20*time.Minute))
	if r.Reason == JobRunning || r.Reason == OursRunning {
		rest = s.schedule.restore/2 + s.upTo(s.schedule.restore)
	}
	return min(rest<<min(s.streak, 20), 12*time.Hour)
}

func (s *slot) think() { s.pause(s.upTo(pick(s.rng, time.Second, 5*time.Minute, 2*time.Hour))) }

// say gives a person's decision to a new run.
func (s *slot) say(what string, f func(*Runner, context.Context) Result) Result {
	s.lives++
	before := s.runner
	s.runner = s.newRunner()
	r := f(s.runner, context.Background())
	s.runner = before
	s.note("person: %s: %s %s %s %v", what, r.Code, r.Reason, r.Detail, r.Err)
	return r
}

// settleByHand looks at the console, and says what is there.
func (s *slot) settleByHand(r Result) {
	s.at("asked")
	if s.take("too-early") {
		s.say("not created, at once", func(p *Runner, ctx context.Context) Result {
			return p.NotCreated(ctx, r.Step, Word{BeforeFence: true}, "hasty")
		})
		return
	}
	s.think()
	s.ignoreForeign(r.Jobs)
	if s.planted.hasty {
		s.say("not created, at once", func(p *Runner, ctx context.Context) Result {
			return p.NotCreated(ctx, r.Step, Word{BeforeFence: true}, "hasty")
		})
		return
	}
	switch job := s.inConsole(r.Step); {
	case job == nil:
		s.clearName(r.Step)
		s.notCreated(r.Step)
	case job.Deleted && hasEnded(*job):
		s.say("pronounce", func(p *Runner, ctx context.Context) Result {
			return p.Pronounce(ctx, r.Step, job.Status == "SUCCESS", Word{}, "the record was deleted")
		})
	default:
		s.say("adopt", func(p *Runner, ctx context.Context) Result { return p.Adopt(ctx, r.Step, job.ID, "") })
	}
}

// notCreated says so, and waits out by the clock on the wall what no date of
// the server's could fence.
func (s *slot) notCreated(step int) {
	got := s.say("not created", func(p *Runner, ctx context.Context) Result {
		return p.NotCreated(ctx, step, Word{OtherCredentials: true}, "not in the console")
	})
	if got.Reason != Settling || !got.Until.IsZero() {
		return
	}
	s.pause(silentFence + time.Minute)
	if s.inConsole(step) == nil {
		s.say("not created, waited for", func(p *Runner, ctx context.Context) Result {
			return p.NotCreated(ctx, step, Word{BeforeFence: true, OtherCredentials: true}, "waited")
		})
	}
}

// inConsole is the newest job of a step that a person can see, and that the
// ledger does not know, as the step's or as one of no concern.
func (s *slot) inConsole(step int) *drssim.Job {
	known := &ledger.State{}
	if c, err := LoadChain(context.Background(), s.ledger, s.desk.plan); err == nil {
		known = c.State
	}
	jobs := s.sim.Jobs()
	s.judge.look()
	for i, job := range slices.Backward(jobs) {
		made := s.judge.shadows[job.ID]
		if _, ok := known.Jobs[job.ID]; !ok && !known.Ignored[job.ID] && made.Chain == s.desk.plan.Chain() && made.Step == step && !job.Listed.After(s.now) {
			return &jobs[i]
		}
	}
	return nil
}

// clearName renames what bears the name of a step and is not ours: where names
// are unique it is in the way, although our credentials may not see it.
func (s *slot) clearName(step int) {
	for _, job := range s.sim.Jobs() {
		if job.Foreign && strings.HasPrefix(job.Name, plan.Step{Plan: s.desk.plan, Seq: step}.JobName(1)) {
			s.sim.Rename(job.ID, "not-of-migplan")
		}
	}
}

func (s *slot) ignoreForeign(ids []string) (others int) {
	for _, id := range ids {
		if made := s.judge.shadows[id]; made.Chain == s.desk.plan.Chain() {
			others++
			continue
		}
		s.say("ignore", func(p *Runner, ctx context.Context) Result { return p.Ignore(ctx, id, "not ours") })
	}
	return others
}

// sortOut finds out whose the jobs are. A ledger that lacks some of ours is
// rebuilt, when no runner works and all that was sent is listed.
func (s *slot) sortOut(r Result) {
	s.think()
	if s.streak%2 == 0 {
		s.desk.write(s.desk.plan.Generation, nil)
	} else { // perhaps it was sent by another version of the plan
		s.desk.putBack(s.streak / 2)
	}
	if s.ignoreForeign(r.Jobs) == 0 && r.Reason != LedgerConflict || s.desk.halted {
		return
	}
	if r.Reason == JobDiffers && s.say("adopt", func(p *Runner, ctx context.Context) Result { return p.Adopt(ctx, r.Step, r.Jobs[0], "") }).Code == OK {
		return
	}
	s.desk.halted = true
	defer func() { s.desk.halted = false }()
	s.pause(46*time.Minute + s.upTo(time.Hour))
	all := s.say("adopt all", func(p *Runner, ctx context.Context) Result { return p.AdoptAll(ctx, "the ledger was lost") })
	if s.ignoreForeign(all.Jobs); all.Reason == JobDiffers { // a person has changed what its marker was: one at a time
		if job := s.inConsole(r.Step); job != nil {
			s.say("adopt", func(p *Runner, ctx context.Context) Result { return p.Adopt(ctx, r.Step, job.ID, "") })
		}
	}
}

// pronounce looks at the database.
func (s *slot) pronounce(r Result) {
	s.think()
	for _, job := range s.sim.Jobs() {
		made := s.judge.shadows[job.ID]
		missing := r.Reason == HistoryGap && made.Chain == s.desk.plan.Chain() && made.Step == r.Step && job.Status == drssim.Success
		if missing || slices.Contains(r.Jobs, job.ID) && hasEnded(job) {
			s.say("pronounce", func(p *Runner, ctx context.Context) Result {
				return p.Pronounce(ctx, r.Step, job.Status == "SUCCESS", Word{}, "looked at the database")
			})
		}
	}
}

// turnKeys gives the second key, or mends what keeps the window shut.
func (s *slot) turnKeys(r Result) time.Duration {
	d := s.desk
	s.think()
	if s.skew.Abs() > time.Hour {
		s.skew = 0
		return 0
	}
	if r.Reason == BeforeStart {
		return s.patience(r)
	}
	if r.Reason == WindowPast {
		d.shape.window = false
		d.write(d.plan.Generation, func(p *plan.Plan) { p.Cutover.NotBefore, p.Cutover.NotAfter = s.now, s.now.Add(1000*time.Hour) })
		return s.patience(r)
	}
	attempt := 1
	if c, err := LoadChain(context.Background(), s.ledger, d.plan); err == nil {
		attempt = c.State.Step(r.Step).Attempt
	}
	key := plan.Confirmation(d.plan.Name, d.steps[len(d.steps)-1].ChainSHA256, attempt)
	s.keys.Overwrite = key
	if r.Reason == CutoverKey || len(d.steps) == 1 {
		s.keys.Cutover = key
	}
	return 0
}

// principalNow is the credential in force; principal is what the run says.
func (s *slot) principalNow() string { return s.cred }
func (s *slot) principal() string    { return s.principalNow() }

// worldEvent is what people and disks do.
func (s *slot) worldEvent(e event) {
	d := s.desk
	switch e.act {
	case "delete", "delete-in-doubt":
		s.deleteRecord(e.act == "delete-in-doubt")
	case "rename":
		s.newest(func(j drssim.Job) { s.sim.Rename(j.ID, "renamed-"+d.plan.Name) })
	case "describe":
		s.newest(func(j drssim.Job) { s.sim.SetDescription(j.ID, "nothing") })
	case "generation":
		if d.shape.overwrite && !d.finished { // whoever has finished it has gone home
			d.write(d.plan.Generation+1, nil)
		}
	case "edit":
		d.write(d.plan.Generation, func(p *plan.Plan) { p.Backups[s.rng.IntN(len(p.Backups))].Keys = []string{"edited.bak"} })
	case "shorten":
		d.write(d.plan.Generation, func(p *plan.Plan) { p.Backups = p.Backups[:max(1, len(p.Backups)-1)] })
	case "foreign":
		s.sim.AddForeignJob(drssim.ForeignJob{Instance: modelInstance, Name: d.plan.Name + "-copy", Description: "made in the console", Databases: []string{"other"}, Running: s.upTo(time.Hour)})
	case "twin":
		seq := 1 + s.rng.IntN(len(d.steps))
		s.sim.AddForeignJob(drssim.ForeignJob{Instance: modelInstance, Name: d.steps[seq-1].JobName(1), Description: d.steps[seq-1].Marker().String(), Databases: []string{"other"}, Running: s.upTo(time.Hour)})
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

func (s *slot) newest(f func(drssim.Job)) {
	for _, j := range slices.Backward(s.sim.Jobs()) {
		if made := s.judge.shadows[j.ID]; made.plan == s.desk.plan.Name {
			f(j)
			return
		}
	}
}

// deleteRecord removes the record of an ended job; within A4 only while
// nothing is in doubt.
func (s *slot) deleteRecord(inDoubt bool) {
	for _, d := range s.desks {
		c, err := LoadChain(context.Background(), s.ledger, d.plan)
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

// loseLedger kills every runner and puts an older copy of the ledger, or none,
// in its place. Careful people let nobody run for a while.
func (s *slot) loseLedger(old, careful bool) {
	fresh := ledger.OpenMemory()
	s.copyLedger(fresh, old)
	_ = s.ledger.Close()
	s.world.ledger = fresh
	if careful {
		s.quiet = s.now.Add(46 * time.Minute)
	}
	for _, other := range s.slots {
		other.killed = other != s
	}
	panic(crash{})
}

func (s *slot) copyLedger(into *ledger.Ledger, old bool) {
	ctx := context.Background()
	chains, _ := s.ledger.Opened(ctx)
	if !old {
		return
	}
	for _, opened := range chains {
		events, _ := s.ledger.Events(ctx, opened.Chain)
		var head ledger.Head
		for _, e := range events[:s.rng.IntN(len(events)+1)] {
			e, err := into.Append(ctx, head, e)
			if err != nil {
				s.judge.report("I7", "%v", err)
			}
			head = ledger.Head{Seq: e.Seq, Hash: e.Hash}
		}
	}
}
