package executor

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/plan"
)

// shape describes a plan to make.
type shape struct {
	name       string
	steps      int
	cutover    bool
	unattended bool // the cutover goes by itself, in a window
	window     bool
	overwrite  bool
	askPerson  bool
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

// team is a plan in git, and the people who work on it.
type team struct {
	shape    shape
	start    time.Time
	plan     *plan.Plan
	steps    []plan.Step
	versions []*plan.Plan // in git
	halted   bool         // runners stay away: somebody rebuilds the ledger
	finished bool
	name     string // that the plan has now
	failures int    // of its jobs and creates, since it began
	lastStop string
}

func newTeam(p shape, start time.Time) *team {
	d := &team{shape: p, start: start, name: p.name}
	d.write(1, nil)
	return d
}

// write commits the plan as it is meant to be, with a change.
func (d *team) write(generation int, change func(*plan.Plan)) {
	p := &plan.Plan{
		Name: d.name, Generation: generation, Target: plan.Target{Region: "r", ProjectID: "p1", InstanceID: modelInstance},
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
	d.put(p)
}

// alter changes the plan as it is now.
func (d *team) alter(change func(*plan.Plan)) {
	p := *d.plan
	change(&p)
	d.put(&p)
}

func (d *team) put(p *plan.Plan) {
	p.Steps, _ = plan.Steps(p)
	d.plan, d.versions, d.steps = p, append(d.versions, p), p.Steps
}

// differsFrom compares the plan in git with what a pass was made from.
func (d *team) differsFrom(p *plan.Plan) error {
	if reflect.DeepEqual(d.plan, p) {
		return nil
	}
	return errors.New("the plan was changed")
}

// putBack restores a version of the plan from git. If steps were sent from an
// edited version, it is that one.
func (d *team) putBack(tries int) {
	var same []*plan.Plan
	for _, p := range d.versions {
		if p.Generation == d.plan.Generation && p.Name == d.plan.Name {
			same = append(same, p)
		}
	}
	d.plan = same[tries%len(same)]
	d.steps = d.plan.Steps
}
