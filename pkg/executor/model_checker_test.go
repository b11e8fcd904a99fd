package executor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// checker checks the invariants from the server's side: which bytes were sent,
// and which jobs came of them. It believes nothing that a runner says.
type checker struct {
	world     *world
	violation string
	jobs      []drssim.Job      // as the server holds them
	shadows   map[string]shadow // every job as it was made, by id
	order     []string          // of their making
	sends     []sent
	sent      map[string]int          // requests of each intent, by the intent's hash
	retried   map[chainStep]time.Time // when a person last said retry
	untrue    map[chainStep]bool      // a person said that it succeeded, and it had not
	gone      map[string]time.Time    // since when a job's record is deleted
	held      map[string]time.Time    // since when a plan's name is on hold
	ended     map[string]time.Time    // since when a chain is closed by a person
	freed     map[string]bool         // plan names of which a chain was closed
	lost      bool                    // the ledger was: it knows nothing of what came before
}

// shadow is a job as it was created: people may rename it later.
type shadow struct {
	plan.Marker
	plan string
	rank int // of the generation
	last bool
}

// chainStep is a step of a chain.
type chainStep struct {
	chain string
	step  int
}

// sent is a create that was sent.
type sent struct {
	by   *host
	left time.Time
	made bool // a job came of it at once
	body []byte
	plan *plan.Plan
}

func (j *checker) report(invariant, format string, args ...any) {
	if j.violation == "" {
		j.violation = invariant + ": " + fmt.Sprintf(format, args...)
		j.world.note("VIOLATION %s", j.violation)
	}
}

// body is what the checker reads of a create, without the types of the
// planner.
type body struct {
	Base struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"base_info"`
	Options struct {
		Last  bool `json:"is_last_backup"`
		Cover bool `json:"is_cover"`
	} `json:"options"`
}

// leaves checks a create at its first byte.
func (j *checker) leaves(s *host, c drs.Create) {
	s.sending = -1
	var b body
	err := json.Unmarshal(c.Body, &b)
	m, ok := plan.ParseMarker(b.Base.Description)
	p := s.runner.Plan.Steps[0].Plan // the bytes come from it
	if err != nil || !ok || m.Chain != p.Chain() || m.Step > len(s.runner.Plan.Steps) {
		j.report("I6", "bytes that no plan has: %s", c.Body)
		return
	}
	out := sent{by: s, left: j.world.now, body: c.Body, plan: p}
	s.sending = len(j.sends)
	j.sends = append(j.sends, out)
	step := s.runner.Plan.Steps[m.Step-1]
	attempt := attemptOf(b.Base.Name, step.JobName(1))
	if req, err := step.Request(attempt); err != nil || !bytes.Equal(req.Body, c.Body) {
		j.report("I6", "step %d: not the bytes planned", m.Step)
	}
	if age := j.world.now.Sub(s.listed); age > drs.MaxListingAge {
		j.report("I2", "step %d leaves on a listing that is %s old", m.Step, age)
	}
	j.checkKeys(s, step, attempt, b.Options.Last)
	j.overwritesByKey(s, m, attempt, b.Options.Cover)
	if s.stranger != "" {
		j.report("A6", "step %d is sent, and a listing showed job %s of another ledger", m.Step, s.stranger)
	}
	if s.schedule.ledgers != 2 {
		j.nobodySaidRetry(m)
	}
	j.intentIsThere(s, c, m)
	j.isFree(s, m)
	j.pastIsUnedited(s, m)
	if !reflect.DeepEqual(s.inGit, p) {
		j.report("I9", "step %d is sent from a plan that was changed before its intent", m.Step)
	}
}

// checkKeys is I3, for the cutover and for the full that overwrites.
func (j *checker) checkKeys(s *host, step plan.Step, attempt int, last bool) {
	p, keys, steps := step.Plan, s.given, s.runner.Plan.Steps
	if step.Seq == 1 && p.Overwrite && !p.OverwriteUnattended && !plan.Confirms(keys.Overwrite, steps, plan.ActOverwrite, attempt) {
		j.report("I3", "a full with overwrite without its key")
	}
	if !last {
		return
	}
	if p.Cutover == nil || step.Seq != len(p.Backups) {
		j.report("I3", "is_last_backup true for step %d of %d", step.Seq, len(p.Backups))
		return
	}
	if !p.Cutover.Unattended && !plan.Confirms(keys.Cutover, steps, plan.ActCutover, attempt) {
		j.report("I3", "the cutover without its key")
	}
	now := j.world.now
	late := p.Cutover.NotAfter.Add(time.Second) // a Date has whole seconds
	if !p.Cutover.NotBefore.IsZero() && now.Before(p.Cutover.NotBefore) || !p.Cutover.NotAfter.IsZero() && now.After(late) {
		j.report("I13", "the cutover leaves at %s, outside its window %s to %s", now, p.Cutover.NotBefore, p.Cutover.NotAfter)
	}
}

// intentIsThere is I5: the ledger holds the intent for these bytes by this
// run, and no other request was sent for it.
func (j *checker) intentIsThere(s *host, c drs.Create, m plan.Marker) {
	events, err := s.ledgerOf().Events(context.Background(), m.Chain)
	if err != nil {
		j.report("I7", "%v", err)
	}
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		var d ledger.IntentData
		if e.Kind != ledger.Intent || e.Run != s.runner.Run || json.Unmarshal(e.Data, &d) != nil || d.Body != string(c.Body) {
			continue
		}
		j.sent[e.Hash]++
		if j.sent[e.Hash] > 1 {
			j.report("I5", "step %d: %d requests under one intent", m.Step, j.sent[e.Hash])
		}
		return
	}
	j.report("I5", "step %d: sent before its intent was durable", m.Step)
}

// pastIsUnedited is I9: what the server has accepted of this chain is what the
// plan says.
func (j *checker) pastIsUnedited(s *host, m plan.Marker) {
	for _, job := range j.jobs {
		made := j.shadows[job.ID]
		if made.Chain == m.Chain && !everFailed(job) && !j.accounted(job, j.world.now) && made.Step < m.Step &&
			(made.Step > len(s.runner.Plan.Steps) || made.Marker != s.runner.Plan.Steps[made.Step-1].Marker()) {
			j.report("I9", "step %d is sent by a plan whose step %d was edited", m.Step, made.Step)
		}
	}
}

// arrived records whether the create created a job.
func (j *checker) arrived(s *host, before int) {
	if s.sending < 0 {
		return
	}
	sent := &j.sends[s.sending]
	for _, job := range j.world.sim.Jobs()[before:] {
		sent.made = sent.made || bytes.Equal(job.Body, sent.body)
	}
}

// look checks every job that the server has created since the last look.
func (j *checker) look() {
	j.jobs = j.world.sim.Jobs()
	for _, job := range j.jobs {
		if _, ok := j.gone[job.ID]; job.Deleted && !ok {
			j.gone[job.ID] = j.world.now
		}
	}
	for _, job := range j.jobs[len(j.order):] {
		j.order = append(j.order, job.ID)
		if job.Foreign {
			continue
		}
		m, _ := plan.ParseMarker(job.Description)
		made := shadow{Marker: m, last: job.Last}
		for _, s := range j.sends {
			if bytes.Equal(s.body, job.Body) {
				made.plan, made.rank = s.plan.Name, s.plan.Generation
			}
		}
		j.accepted(job, made)
		j.shadows[job.ID] = made
	}
}

// accepted checks a job when the server creates it, by what the server held
// then.
func (j *checker) accepted(job drssim.Job, made shadow) {
	if j.world.schedule.ledgers == 2 {
		return
	}
	at := job.Created
	j.world.note("the server makes step %d of %s: %s %s", made.Step, made.plan, job.Name, job.ID)
	before := made.Step == 1
	j.databaseIsFree(job, made)
	for _, other := range j.jobs {
		old, ok := j.shadows[other.ID]
		switch {
		case !ok || other.ID == job.ID || old.plan != made.plan:
		case old.Chain != made.Chain:
			if old.rank > made.rank {
				j.report("I1", "a job of generation %d after one of generation %d", made.rank, old.rank)
			}
		case old.Step == made.Step && !j.free(other, job):
			j.report("I1", "a second job for step %d of %s, %s after %s", made.Step, made.plan, job.Name, other.Name)
		case old.last && !j.free(other, job):
			j.report("I4", "step %d is made after the cutover", made.Step)
		case old.Step == made.Step-1 && (happened(other.Since(drssim.Success), at) || happened(other.Restored, at)):
			before = true
		}
	}
	if !before && !j.untrue[chainStep{made.Chain, made.Step - 1}] {
		j.report("I2", "step %d of %s is made, and the server does not hold step %d as SUCCESS", made.Step, made.plan, made.Step-1)
	}
}

// passBegins records the keys given to a pass, before a fault adds to them.
func (j *checker) passBegins(s *host) {
	s.stranger, s.liveStranger, s.given, s.made = "", "", s.keys, len(j.sends)
}

// passEnds compares what a run says it sent with what it sent, and its class
// with what happened.
func (j *checker) passEnds(s *host, r Result) {
	if r.Reason == Broken {
		j.report("I6", "the guard or a rule of decisions stopped a pass: %v %s", r.Err, r.Detail)
	}
	left, made := 0, false
	for _, x := range j.sends[s.made:] {
		if x.by == s {
			left++
			made = made || x.made
		}
	}
	switch {
	case r.Sent == SentNo && made:
		j.report("I12", "a pass of which a job came says that it sent nothing (%s %s)", r.Class(), r.Reason)
	case r.Class() == ClassError && made:
		j.report("I12", "a pass of which a job came ends as an error (%s)", r.Reason)
	case r.Sent == SentYes && left == 0:
		j.report("I12", "a pass that sent nothing says that it did (%s %s)", r.Class(), r.Reason)
	}
	if s.schedule.ledgers == 2 {
		j.twoEnd(s, r)
	}
	if r.Class() == OK && r.Reason == Online && !j.isOnline(s.team.plan) && !j.isMisled(s.team.plan) && !j.isOvertaken(s.runner.Plan) {
		j.report("I12", "%s is said to be online and is not", s.team.plan.Name)
	}
}
