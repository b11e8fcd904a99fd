//go:build linux && amd64

package e2e_test

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// apply is the command line of one pass, with the cutover confirmed.
func (w *workspace) apply() []string {
	return []string{binary, "apply", w.file, "--timeout", w.timeout, "--confirm-cutover", plan.Confirmation(w.steps, plan.ActCutover, 1)}
}

func (w *workspace) pass() result { return execute(w.t, w.env, w.apply()...) }

// online reports whether the ledger knows that the last step succeeded.
func (w *workspace) online() bool {
	return w.state().Step(len(w.steps)).State == ledger.StepSucceeded
}

// hasJob reports whether the server has a job of this step.
func (w *workspace) hasJob(seq int) bool {
	for _, j := range w.sim.Jobs() {
		if j.Name == w.steps[seq-1].JobName(1) {
			return true
		}
	}
	return false
}

// finish runs passes, and does what a person would do, until the plan is online.
// Once a pass has succeeded and nothing is in doubt, one run with --wait goes to
// the end. It returns how often a person had to act.
func (w *workspace) finish() (asked int) {
	w.t.Helper()
	r := result{code: -1}
	for range 20 {
		if w.online() {
			return asked
		}
		argv := w.apply()
		if r.code == 0 && w.stepInDoubt() == 0 {
			argv = append(argv, "--wait")
		}
		switch r = execute(w.t, w.env, argv...); r.code {
		case 0:
		case 75: // in doubt: 46 minutes pass
			w.wait(46 * time.Minute)
		case 5:
			if w.answer(r) {
				asked++
			}
		default:
			w.t.Fatalf("a later pass: %v", r)
		}
	}
	w.t.Fatalf("not online after 20 passes: %+v", w.state().Steps)
	return asked
}

// answer does what the message of exit 5 says: look for the job, and if there is
// none record that.
func (w *workspace) answer(r result) bool {
	w.t.Helper()
	seq := w.stepInDoubt()
	if seq == 0 || !strings.Contains(r.stderr, fmt.Sprintf("migplan resolve %s %d --not-created", w.file, seq)) {
		w.t.Fatalf("step %d is in doubt, and the message does not say how to settle it: %v", seq, r)
	}
	if w.hasJob(seq) { // the request arrived later: the next pass must find its job
		if again := w.pass(); again.code != 0 || !strings.Contains(again.stdout, "adopted") {
			w.t.Fatalf("the server has a job of step %d, and it was not adopted: %v", seq, again)
		}
		return false
	}
	resolved := execute(w.t, w.env, binary, "resolve", w.file, fmt.Sprint(seq), "--not-created", "--before-fence", "--reason", "test")
	if resolved.code != 0 {
		w.t.Fatalf("resolve: %v", resolved)
	}
	return true
}

// stepInDoubt is the step in doubt, 0 for none.
func (w *workspace) stepInDoubt() int {
	for i, st := range w.state().Steps {
		if st.State == ledger.StepInDoubt {
			return i + 1
		}
	}
	return 0
}

// checkJobs compares the jobs that the server made with the plan.
func (w *workspace) checkJobs() {
	w.t.Helper()
	w.mu.Lock()
	for _, problem := range w.wrong {
		w.t.Error(problem)
	}
	w.mu.Unlock()
	jobs := w.sim.Jobs()
	if len(jobs) != len(w.steps) {
		w.t.Errorf("%d jobs for %d steps", len(jobs), len(w.steps))
		return
	}
	for i, j := range jobs {
		want, err := w.steps[i].Request(1)
		if err != nil {
			w.t.Fatal(err)
		}
		if !bytes.Equal(j.Body, want.Body) || j.Last != (i == len(jobs)-1) || j.Status != "SUCCESS" {
			w.t.Errorf("job %d is %s, last %t, %s: want the planned bytes of step %d", i+1, j.Name, j.Last, j.Status, i+1)
		}
	}
	if s := w.state(); s.Conflict != nil {
		w.t.Error(s.Conflict)
	}
}
