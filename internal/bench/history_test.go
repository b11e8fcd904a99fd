package bench_test

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// history writes what passes over the plans would have left: jobs in the simulated
// DRS, and events in the ledger.
type history struct {
	*world
	l     *ledger.Ledger
	heads map[string]ledger.Head
	jobs  map[string]string // the newest of each chain
}

// restore restores every step of every plan, in virtual time. The job of the last
// step still runs if running is set; its restore time must be long.
func (w *world) restore(running bool) (jobs map[string]string) {
	w.b.Helper()
	l, err := ledger.Open(w.ledger)
	if err != nil {
		w.b.Fatal(err)
	}
	h := &history{world: w, l: l, heads: map[string]ledger.Head{}, jobs: map[string]string{}}
	ended := w.steps
	if running {
		ended--
	}
	w.behind.Store(int64(w.restoreTime) * int64(ended))
	for _, p := range w.plans {
		h.open(p)
	}
	for step := range w.steps {
		for _, p := range w.plans {
			h.submit(p.Steps[step])
		}
		if step == ended {
			break
		}
		w.behind.Add(-int64(w.restoreTime))
		for _, p := range w.plans {
			h.append(p, ledger.JobSucceeded, step+1, ledger.FinishedData{JobID: h.jobs[p.Chain()], Status: "SUCCESS"})
		}
	}
	if err := l.Close(); err != nil {
		w.b.Fatal(err)
	}
	return h.jobs
}

func (h *history) open(p *plan.Plan) {
	data := ledger.OpenedData{
		Plan: p.Name, Generation: p.Generation, Region: p.Target.Region, ProjectID: project, InstanceID: p.Target.InstanceID,
		Endpoint: h.url, Principal: "token",
	}
	data.Names = p.Databases.Names
	for _, name := range p.Databases.Names {
		data.Keys = append(data.Keys, plan.DatabaseKey(name))
	}
	h.append(p, ledger.Opened, 0, data)
}

func (h *history) submit(s plan.Step) {
	r, err := s.Request(1)
	if err != nil {
		h.b.Fatal(err)
	}
	signed := h.now().UTC().Truncate(time.Second)
	h.append(s.Plan, ledger.Intent, s.Seq, ledger.IntentData{
		JobName: r.JobName, Body: string(r.Body), BodySHA256: r.SHA256, ChainSHA256: s.ChainSHA256, Principal: "token", TokenAuth: true,
		SignedAt: signed, FenceUntil: signed.Add(25 * time.Hour), AnsweredFenceUntil: signed.Add(time.Hour),
	})
	answer := h.sim.Serve(drssim.Request{Method: http.MethodPost, Path: path, Body: r.Body, Header: http.Header{
		"X-Auth-Token": {"any"}, "Content-Type": {"application/json"},
	}})
	var made struct {
		JobID string `json:"job_id"`
	}
	if err := json.Unmarshal(answer.Body, &made); err != nil || made.JobID == "" {
		h.b.Fatalf("%v: %s", err, answer.Body)
	}
	h.jobs[s.Plan.Chain()] = made.JobID
	h.append(s.Plan, ledger.Accepted, s.Seq, ledger.OutcomeData{Intent: h.heads[s.Plan.Chain()].Seq, IntentRun: "bench", JobID: made.JobID, StatusCode: 200})
}

func (h *history) append(p *plan.Plan, kind ledger.Kind, step int, data any) {
	h.b.Helper()
	e, err := ledger.New(p.Chain(), kind, step, min(step, 1), "bench", data)
	if err == nil {
		e.At = h.now()
		e, err = h.l.Append(context.Background(), h.heads[p.Chain()], e)
	}
	if err != nil {
		h.b.Fatal(err)
	}
	h.heads[p.Chain()] = ledger.Head{Seq: e.Seq, Hash: e.Hash}
}
