package executor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
)

// waiting restores a plan in virtual time as apply --wait does. Each job runs as
// long as the test says; a request takes no time.
type waiting struct {
	*fixture
	lengths []time.Duration // of the steps
	ends    map[string]time.Time
	created []time.Time
}

func (w *waiting) CreateReplicationJob(ctx context.Context, c drs.Create) drs.Outcome {
	out := w.fixture.CreateReplicationJob(ctx, c)
	w.ends[out.JobID] = w.now.Add(w.lengths[len(w.created)])
	w.created = append(w.created, w.now)
	w.statuses[out.JobID] = "TRANSFERRING"
	return out
}

// advance moves the clock, and ends the jobs that are over by then.
func (w *waiting) advance(d time.Duration) {
	w.now = w.now.Add(d)
	for id, end := range w.ends {
		if !w.now.Before(end) {
			delete(w.statuses, id)
		}
	}
}

// run makes passes until all steps are restored. It returns how long after the end
// of a job the next was created, and the requests for each job.
func (w *waiting) run() (gaps []time.Duration, requests float64) {
	w.t.Helper()
	for range 100_000 {
		r := w.runner()
		r.Jobs = w
		switch x := r.Pass(context.Background()); x.Reason {
		case JobRunning:
			w.advance(w.untilNext(x.Step))
			continue
		case NextBackup:
		default:
			w.t.Fatalf("%s %s %v", x.Reason, x.Detail, x.Err)
		}
		break
	}
	for i, at := range w.created[1:] {
		gaps = append(gaps, at.Sub(w.created[i].Add(w.lengths[i])))
	}
	return gaps, float64(w.gets+len(w.created)) / float64(len(w.created))
}

// untilNext is the wait of apply --wait.
func (w *waiting) untilNext(step int) time.Duration {
	s, err := foldChain(context.Background(), w.l, w.p.Chain())
	if err != nil {
		w.t.Fatal(err)
	}
	var took []time.Duration
	for i, st := range s.Steps[:step-1] {
		if w.steps[i].Backup.Type == w.steps[step-1].Backup.Type {
			took = append(took, st.FinishedAt.Sub(st.SubmittedAt))
		}
	}
	return NextLook(w.now.Sub(s.Step(step).SubmittedAt), Expected(took))
}

func newWaiting(t *testing.T, length time.Duration, spread float64) *waiting {
	var logs []string
	for i := range 10 {
		logs = append(logs, fmt.Sprintf("ims_log%d.bak", i+1))
	}
	w := &waiting{fixture: newFixture(t, "", "", drssim.Config{}, logs...), ends: map[string]time.Time{}}
	w.statuses = map[string]string{}
	rng := rand.New(rand.NewPCG(1, 2))
	for range w.steps {
		w.lengths = append(w.lengths, time.Duration(float64(length)*(1-spread+2*spread*rng.Float64())))
	}
	return w
}

// The next create follows soon after the end of a job, for few requests: polling
// every 50 ms makes 12 requests for each job of 0.5 s.
func TestWaitSubmitsTheNextStepSoonWithFewRequests(t *testing.T) {
	for _, c := range []struct {
		length   time.Duration
		spread   float64
		gap      time.Duration // the median at most
		requests float64       // for each job at most
	}{
		{500 * time.Millisecond, 0.1, 100 * time.Millisecond, 11},
		{30 * time.Second, 0.1, time.Second, 35},
		{20 * time.Minute, 0.02, 2 * time.Second, 60},
	} {
		gaps, requests := newWaiting(t, c.length, c.spread).run()
		slices.Sort(gaps)
		gap := gaps[len(gaps)/2]
		t.Logf("%7v ±%2.0f %%: gap %6v in the median, %6v at most; %4.1f requests for each job",
			c.length, 100*c.spread, gap.Round(time.Millisecond), gaps[len(gaps)-1].Round(time.Millisecond), requests)
		if gap > c.gap || requests > c.requests {
			t.Errorf("%v ±%.2f: gap %v, %.1f requests; want at most %v and %.0f", c.length, c.spread, gap, requests, c.gap, c.requests)
		}
	}
}
