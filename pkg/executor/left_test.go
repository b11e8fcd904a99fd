package executor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/plan"
)

// leftBy is the chain that worked last on a database of the runner's plan.
func (r *fixture) leftBy(x *Runner) string {
	r.t.Helper()
	c, err := LoadChain(context.Background(), x.Ledger, x.Plan)
	if err != nil {
		r.t.Fatal(err)
	}
	left := c.LeftBy(x.Plan)
	if left == nil {
		return "this one or none"
	}
	return fmt.Sprintf("%s generation %d with %d steps: %s", left.Plan, left.Generation, len(left.Steps), left.Databases)
}

func TestLeftByIsTheChainThatWorkedLast(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	again := r.as(func(p *plan.Plan) { p.Generation, p.Overwrite, p.OverwriteUnattended = 2, true, true })
	renamed := r.as(called("ims-again"))
	elsewhere := r.as(func(p *plan.Plan) { p.Name, p.Databases = "hr-prod", plan.Databases{Names: []string{"hr"}} })
	check := func(when string, want map[*Runner]string) {
		t.Helper()
		for x, w := range want {
			if got := r.leftBy(x); got != w {
				t.Errorf("%s, plan %s, generation %d: %s, want %s", when, x.Plan.Name, x.Plan.Generation, got, w)
			}
		}
	}
	const none, first, second = "this one or none", `ims-prod generation 1 with 2 steps: database "ims"`, `ims-prod generation 2 with 1 steps: database "ims"`
	first1 := r.as(func(*plan.Plan) {})
	check("an empty ledger", map[*Runner]string{first1: none, again: none, renamed: none})
	r.finish()
	check("after generation 1", map[*Runner]string{first1: none, again: first, renamed: first, elsewhere: none})
	r.now = r.now.Add(-time.Hour) // a clock that is behind
	r.said("again", again.Pass(context.Background()))
	check("after generation 2 began", map[*Runner]string{first1: second, again: none, elsewhere: none})
}

// A retry opens the next attempt: what the attempt before it did to the database stays.
func TestLeftByKnowsAnAttemptThatIsRetried(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	again := r.as(func(p *plan.Plan) { p.Generation, p.Overwrite, p.OverwriteUnattended = 2, true, true })
	r.finish()
	r.statuses = map[string]string{r.said("again", again.Pass(context.Background())).Changes[0].JobID: "FAILED"}
	r.said("again", again.Pass(context.Background()))
	r.said("retry", again.Retry(context.Background(), 1, ""))
	if got := r.leftBy(again); got != "this one or none" {
		t.Errorf("an overwriting full failed since, and the database is as %s left it", got)
	}
}
