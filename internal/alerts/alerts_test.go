package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var at = time.Date(2026, 3, 7, 1, 2, 3, 500_000_000, time.UTC)

func waiting() Plan {
	return Plan{
		Name: "ims-prod", Generation: 1, State: "waiting for the next backup", Exit: "ok", Reason: "next-backup",
		Step: 3, Steps: 3, Succeeded: 3, PassedAt: at, RestoredAt: at,
	}
}

func failed() Plan {
	p := waiting()
	p.State, p.Exit, p.Code, p.Reason, p.Step, p.SubmittedAt = "blocked", "failed", 4, "job-failed", 2, at
	return p
}

func TestChangedIsEdgeTriggered(t *testing.T) {
	other := failed()
	other.Step = 3
	catchingUp := waiting()
	catchingUp.State = "catching up"
	moved := waiting()
	moved.Step, moved.Steps = 4, 4
	told := func(p Plan) *Situation { s := p.Situation(); return &s }
	for name, c := range map[string]struct {
		now  Plan
		told *Situation
		news bool
	}{
		"a new plan without a problem":     {waiting(), nil, false},
		"a new plan with a problem":        {failed(), nil, true},
		"the same problem again":           {failed(), told(failed()), false},
		"the same problem at another step": {other, told(failed()), true},
		"a problem is over":                {waiting(), told(failed()), true},
		"a chain that only moves on":       {moved, told(waiting()), false},
		"a new backup in the chain":        {catchingUp, told(waiting()), false},
	} {
		if got := Changed(c.now, c.told); (got != nil) != c.news {
			t.Errorf("%s: news %v, want %v", name, got != nil, c.news)
		}
	}
}

type posts struct {
	sync.Mutex
	bodies []string
	fail   func(body string) error
}

func (p *posts) Post(ctx context.Context, body []byte) error {
	if p.fail != nil {
		if err := p.fail(string(body)); err != nil {
			return err
		}
	}
	p.Lock()
	defer p.Unlock()
	p.bodies = append(p.bodies, string(body))
	return nil
}

func TestDeliverReportsWhichChangesArrived(t *testing.T) {
	refused := errors.New("refused")
	to := &posts{fail: func(body string) error {
		if strings.Contains(body, "ims-prod") {
			return refused
		}
		return nil
	}}
	other := failed()
	other.Name = "crm-prod"
	before := waiting().Situation()
	arrived, err := Deliver(t.Context(), to, []Change{{failed(), nil}, {other, &before}}, WebhookTime)
	if !errors.Is(err, refused) || arrived[0] || !arrived[1] {
		t.Fatalf("arrived %v, error %v", arrived, err)
	}
	var body struct {
		Version  int
		Plan     string
		Code     int
		Reason   string
		Previous Situation
	}
	if err := json.Unmarshal([]byte(to.bodies[0]), &body); err != nil {
		t.Fatal(err)
	}
	if body.Version != 1 || body.Plan != "crm-prod" || body.Code != 4 || body.Reason != "job-failed" || body.Previous != before {
		t.Errorf("body %+v", body)
	}
}

// stuck never answers.
type stuck struct{}

func (stuck) Post(ctx context.Context, _ []byte) error { <-ctx.Done(); return ctx.Err() }

func TestDeliverEndsAfterItsTimeWhateverTheServerDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		arrived, err := Deliver(t.Context(), stuck{}, make([]Change, 100), WebhookTime)
		if took := time.Since(began); took != WebhookTime {
			t.Errorf("took %v, want %v", took, WebhookTime)
		}
		if err == nil || arrived[0] || arrived[99] {
			t.Errorf("arrived %v, error %v", arrived, err)
		}
	})
}

func TestMetricsHoldTimesAndStates(t *testing.T) {
	file := filepath.Join(t.TempDir(), "migplan.prom")
	other := failed()
	other.Name, other.RunningSince = `crm "x"`, at
	ended := failed()
	ended.Name = "ended"
	if err := WriteMetrics(file, Run{EndedAt: at, Code: 4}, []Plan{waiting(), other, ended}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"migplan_run_exit_code 4\n",
		"migplan_run_end_timestamp_seconds 1.7728453235e+09\n",
		`migplan_plan_state{plan="ims-prod",state="waiting for the next backup"} 1`,
		`migplan_plan_state{plan="ims-prod",state="blocked"} 0`,
		`migplan_plan_stop{plan="crm \"x\"",reason="job-failed"} 1`,
		`migplan_plan_running_since_timestamp_seconds{plan="crm \"x\""} 1.7728453235e+09`,
		`migplan_plan_steps_succeeded{plan="ims-prod"} 3`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no line %q in:\n%s", want, got)
		}
	}
	if strings.Contains(string(got), `migplan_plan_stop{plan="ims-prod"`) {
		t.Error("a plan that ended with 0 has a stop")
	}
	if strings.Contains(string(got), `migplan_plan_running_since_timestamp_seconds{plan="ended"}`) {
		t.Error("a step that has failed is running")
	}
}

func TestMetricsFileThatCannotBeWritten(t *testing.T) {
	if err := WriteMetrics(filepath.Join(t.TempDir(), "absent", "x.prom"), Run{}, nil); err == nil {
		t.Error("no error")
	}
}

type gets []string

func (g *gets) Get(_ context.Context, path string) error { *g = append(*g, path); return nil }

func TestPingsNameStartAndExitCode(t *testing.T) {
	var g gets
	_ = PingStart(t.Context(), &g)
	_ = PingEnd(t.Context(), &g, 0)
	_ = PingEnd(t.Context(), &g, 75)
	if strings.Join(g, " ") != "start 0 75" {
		t.Errorf("pinged %v", g)
	}
}
