package main

import (
	"os"
	"time"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
)

// The live lines are drawn again this often.
const redraw = 500 * time.Millisecond

// progress shows what runs while apply waits: live lines where stderr is a
// terminal, otherwise a line for each change and one from time to time. end
// removes the live lines.
func (a *app) progress(o applyOptions) (show func([]*planRun), end func()) {
	if !o.wait || o.output != "text" {
		return func([]*planRun) {}, func() {}
	}
	if f, ok := a.stderr.to.(*os.File); ok && isTerminal(a.stderr) {
		live := view.NewLive(f, redraw)
		restore := a.above(live)
		return func(runs []*planRun) { live.Show(running(runs)) }, func() { live.Close(lastWait); restore() }
	}
	var reports view.Reports
	return func(runs []*planRun) {
		for _, text := range reports.News(time.Now(), running(runs)) {
			view.Line(a.stderr, "%s", text)
		}
	}, func() {}
}

// above sends what goes to the terminal through the live lines, which scroll it
// above themselves.
func (a *app) above(live *view.Live) (restore func()) {
	errs := a.stderr.redirect(live)
	out, ok := a.stdout.(*output)
	if !ok || !isTerminal(out) {
		return func() { a.stderr.redirect(errs) }
	}
	was := out.Writer
	out.Writer = live
	return func() { out.Writer = was; a.stderr.redirect(errs) }
}

// shown is what a pass under way shows; nil: no step.
type shown struct{ *view.Running }

// running are the steps that DRS works on.
func running(runs []*planRun) (all []view.Running) {
	for _, run := range runs {
		step := run.shown
		if now := run.current.Load(); now != nil {
			step = now.Running
		}
		if step != nil {
			all = append(all, *step)
		}
	}
	return all
}

// show keeps what is shown of the plan until its next pass has ended.
func (run *planRun) show() {
	seq := run.Result.Step
	run.shown = nil
	if run.ended || seq < 1 || seq > len(run.Plan.Steps) {
		return
	}
	switch st := run.State.Step(seq); run.Result.Reason {
	case executor.JobRunning:
		run.shown = run.progressOf(seq, st.SubmittedAt)
		run.shown.Status, run.shown.StatusSince = run.status, run.statusSince
	case executor.Settling:
		run.shown = run.searching(seq, st.IntentAt)
	}
}

func (run *planRun) progressOf(seq int, since time.Time) *view.Running {
	steps := run.Plan.Steps
	return &view.Running{Plan: run.Plan.Name, Step: seq, Steps: len(steps), File: steps[seq-1].Backup.Keys[0], SubmittedAt: since}
}

// searching is a step whose answer was lost.
func (run *planRun) searching(seq int, since time.Time) *view.Running {
	r := run.progressOf(seq, since)
	r.Status = "in doubt: searching for its job"
	return r
}
