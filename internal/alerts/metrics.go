package alerts

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Run is what the metrics file says of the whole call.
type Run struct {
	EndedAt time.Time
	Code    int
}

// states are the values of the label state, all of which are written, so that a
// query sees a change in both series.
var states = []string{"seeding", "catching up", "waiting for the next backup", "cutting over", "online", "closed", "blocked", "held", "on hold"}

// WriteMetrics writes a file for node_exporter's textfile collector, by a
// temporary file beside it and a rename. The file is written by a pass only, so it
// holds times and states and no ages: docs/alerts.md has the rules that compute
// those. One file is for one command line; it holds the plans of that call alone.
func WriteMetrics(file string, run Run, plans []Plan) error {
	r := prometheus.NewRegistry()
	m := newMetrics(r)
	m.runEnded.Set(seconds(run.EndedAt))
	m.runCode.Set(float64(run.Code))
	for _, p := range plans {
		p.Name, p.Reason = label(p.Name), label(p.Reason)
		m.set(p)
	}
	return prometheus.WriteToTextfile(file, r)
}

// label is text that Prometheus takes as the value of a label: a file's name may be
// no text at all.
func label(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

type metrics struct {
	runEnded, runCode                                        prometheus.Gauge
	passed, code, state, steps, succeeded, running, restored *prometheus.GaugeVec
	stop                                                     *prometheus.GaugeVec
}

func newMetrics(r *prometheus.Registry) metrics {
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		r.MustRegister(g)
		return g
	}
	perPlan := func(name, help string, more ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, append([]string{"plan"}, more...))
		r.MustRegister(g)
		return g
	}
	return metrics{
		runEnded:  gauge("migplan_run_end_timestamp_seconds", "When the last run ended."),
		runCode:   gauge("migplan_run_exit_code", "The exit code of the last run."),
		passed:    perPlan("migplan_plan_pass_timestamp_seconds", "When the last pass over the plan ended."),
		code:      perPlan("migplan_plan_exit_code", "The exit code of the last pass over the plan."),
		state:     perPlan("migplan_plan_state", "1 for the state that the plan is in, 0 for the others.", "state"),
		stop:      perPlan("migplan_plan_stop", "1 for the reason why the last pass ended with a code other than 0.", "reason"),
		steps:     perPlan("migplan_plan_steps", "How many steps the plan has."),
		succeeded: perPlan("migplan_plan_steps_succeeded", "How many steps DRS has restored."),
		running:   perPlan("migplan_plan_running_since_timestamp_seconds", "When the running step was submitted."),
		restored:  perPlan("migplan_plan_restored_timestamp_seconds", "When the last step that succeeded ended."),
	}
}

func (m metrics) set(p Plan) {
	m.passed.WithLabelValues(p.Name).Set(seconds(p.PassedAt))
	m.code.WithLabelValues(p.Name).Set(float64(p.Code))
	m.steps.WithLabelValues(p.Name).Set(float64(p.Steps))
	m.succeeded.WithLabelValues(p.Name).Set(float64(p.Succeeded))
	for _, s := range states {
		m.state.WithLabelValues(p.Name, s).Set(0)
	}
	m.state.WithLabelValues(p.Name, p.State).Set(1)
	if p.Code != 0 {
		m.stop.WithLabelValues(p.Name, p.Reason).Set(1)
	}
	if !p.RunningSince.IsZero() {
		m.running.WithLabelValues(p.Name).Set(seconds(p.RunningSince))
	}
	if !p.RestoredAt.IsZero() {
		m.restored.WithLabelValues(p.Name).Set(seconds(p.RestoredAt))
	}
}

// seconds since 1970, as Prometheus has times.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
