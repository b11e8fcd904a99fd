package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
)

// A pass that searches for the job of a lost answer takes a minute. What it did before
// is printed at once, and the live line shows the search and no longer the step before.
func TestPassUnderWaySaysWhatItDid(t *testing.T) {
	r := newRereader(t, imsPlan(oneLog))
	o := applyOptions{wait: true, parallel: 1, planOptions: planOptions{output: "text"}}
	f := newFleet(r.a, []*planRun{r.run}, o)
	r.run.underWay, r.run.said, r.run.shown = true, &said{}, r.run.progressOf(1, f.now())

	r.run.runner.Changed(executor.Change{Step: 1, What: executor.ChangeSucceeded, JobID: "j1"})
	<-f.news
	f.sayNews()
	if got := r.stdout.String(); !strings.Contains(got, "step 1 of 2 (full floder/ims.bak): succeeded, job j1\n") {
		t.Errorf("stdout: %q", got)
	}
	if got := running(f.runs); len(got) != 0 {
		t.Errorf("after the end of step 1 %+v is shown", got)
	}

	r.run.runner.Doubted(2)
	<-f.news
	if got := running(f.runs); len(got) != 1 || got[0].Step != 2 || got[0].Status != "in doubt: searching for its job" {
		t.Errorf("in doubt: %+v is shown", got)
	}
}

// With --wait, a wrong endpoint ends the run: waiting does not help. One that gave an
// answer before is not wrong.
func TestWaitEndsWhereTheEndpointIsWrong(t *testing.T) {
	wrong := fmt.Errorf("query: %w", &drs.Error{StatusCode: 404})
	for name, c := range map[string]struct {
		err     error
		reached bool
		want    bool
	}{
		"wrong":                         {wrong, false, false},
		"wrong after an answer":         {wrong, true, true},
		"a server that does not answer": {errors.New("timeout"), false, true},
	} {
		run := &planRun{reached: c.reached}
		run.Migration = newRereader(t, imsPlan(fullOnly)).run.Migration
		run.Result.Stop = executor.Stop{Reason: executor.APIUnavailable, Err: c.err}
		if got := run.goesOn(context.Background()); got != c.want {
			t.Errorf("%s: goes on %t", name, got)
		}
	}
}

// On a terminal the log is sentences like the other lines.
func TestLogIsTextOnATerminal(t *testing.T) {
	var b strings.Builder
	line := `{"level":"warn","plan":"ims-prod","step":2,"job_id":"j1","error":"lost","time":"2027-03-06T14:00:00Z","message":"searching\u001b[2J"}`
	if _, err := (logText{&b}).Write([]byte(line)); err != nil {
		t.Fatal(err)
	}
	if want := "warning: ims-prod: step 2: searching�[2J (error: lost, job id: j1)\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
