package executor

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// The chains of all plans, as `status` reads them: four times the plans take
// four times as long.
func BenchmarkLoadChainOfEveryPlan(b *testing.B) {
	for _, n := range []int{1000, 4000} {
		b.Run(fmt.Sprintf("%d plans, an instance each", n), func(b *testing.B) { loadChains(b, n, n) })
		b.Run(fmt.Sprintf("%d plans on 100 instances", n), func(b *testing.B) { loadChains(b, n, 100) })
	}
}

func loadChains(b *testing.B, n, instances int) {
	dir, err := os.MkdirTemp("/dev/shm", "migplan-") // where an append costs little
	if err != nil {
		dir = b.TempDir()
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	plans := waitingPlans(b, dir, n, instances)
	r, err := ledger.OpenReader(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for b.Loop() {
		for _, p := range plans {
			c, err := LoadChain(context.Background(), r, p)
			if err != nil || c.State.Step(1).State != ledger.StepSucceeded || len(c.others) != n/instances-1 {
				b.Fatal(err, len(c.others))
			}
		}
	}
}

// waitingPlans are plans of one database each, whose full backup is restored.
func waitingPlans(b *testing.B, dir string, n, instances int) (plans []*plan.Plan) {
	b.Helper()
	l, err := ledger.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for i := range n {
		p := &plan.Plan{Name: fmt.Sprint("plan-", i), Generation: 1, Databases: plan.Databases{Names: []string{fmt.Sprint("d", i)}}}
		p.Target.ProjectID, p.Target.InstanceID = "project", fmt.Sprint("instance-", i%instances)
		job := fmt.Sprint("job-", i)
		var head ledger.Head
		for _, e := range []struct {
			kind ledger.Kind
			step int
			data any
		}{
			{ledger.Opened, 0, ledger.OpenedData{Plan: p.Name, Generation: 1, ProjectID: "project", InstanceID: p.Target.InstanceID, Databases: recorded(p)}},
			{ledger.Intent, 1, ledger.IntentData{Body: fmt.Sprintf(`{"options":{"db_names":[%q]}}`, p.Databases.Names[0])}},
			{ledger.Accepted, 1, ledger.OutcomeData{Intent: 2, JobID: job}},
			{ledger.JobSucceeded, 1, ledger.FinishedData{JobID: job, Status: "SUCCESS"}},
		} {
			event, err := ledger.New(p.Chain(), e.kind, e.step, e.step, "run", e.data)
			if err == nil {
				event, err = l.Append(context.Background(), head, event)
			}
			if err != nil {
				b.Fatal(err)
			}
			head = ledger.Head{Seq: event.Seq, Hash: event.Hash}
		}
		plans = append(plans, p)
	}
	return plans
}
