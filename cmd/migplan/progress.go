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

// running are the steps that DRS works on.
func running(runs []*planRun) (all []view.Running) {
	for _, run := range runs {
		if run.shown != nil {
			all = append(all, *run.shown)
		}
	}
	return all
}

// show keeps what is shown of the plan until its next pass has ended.
func (run *planRun) show() {
	seq := run.Result.Step
	run.shown = nil
	if run.ended || run.Result.Reason != executor.JobRunning || seq < 1 || seq > len(run.Plan.Steps) {
		return
	}
	run.shown = &view.Running{
		Plan: run.Plan.Name, Step: seq, Steps: len(run.Plan.Steps), File: run.Plan.Steps[seq-1].Backup.Keys[0],
		Status: run.status, StatusSince: run.statusSince, SubmittedAt: run.State.Step(seq).SubmittedAt,
	}
}
