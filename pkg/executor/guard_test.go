package executor

import (
	"bytes"
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

func bodyOf(t *testing.T, s plan.Step) []byte {
	t.Helper()
	r, err := s.Request(1)
	if err != nil {
		t.Fatal(err)
	}
	return r.Body
}

func TestGuardAcceptsPlannedRequests(t *testing.T) {
	for _, file := range []string{"full-cutover", "full-incremental-cutover", "rds-backup", "open-chain", "several-databases", "rename", "window"} {
		p, ds, err := plan.LoadFile("../../examples/plans/" + file + ".yaml")
		if err != nil || p == nil {
			t.Fatal(err, ds)
		}
		for _, overwrite := range []bool{false, true} {
			p.Overwrite = overwrite
			passesGuard(t, file, p)
		}
	}
}

func passesGuard(t *testing.T, file string, p *plan.Plan) {
	t.Helper()
	steps, err := plan.Steps(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if err := guard(bodyOf(t, s), s, 1, s.Last); err != nil {
			t.Errorf("%s step %d: %v", file, s.Seq, err)
		}
		if err := guard(bodyOf(t, s), s, 1, false); s.Last && err == nil {
			t.Errorf("%s step %d: the cutover passes without its keys", file, s.Seq)
		}
	}
}

func TestGuardRefuses(t *testing.T) {
	s := theSteps(t, "", key, "LOG/a.bak")
	full, last := s[0], s[1]
	for name, c := range map[string]struct {
		step     plan.Step
		old, new string
		turned   bool
		want     string
	}{
		"true on a step that is not the last": {step: full, old: `"is_last_backup":false`, new: `"is_last_backup":true`, turned: true, want: "is_last_backup"},
		"false on the last":                   {step: last, old: `"is_last_backup":true`, new: `"is_last_backup":false`, turned: true, want: "is_last_backup"},
		"twice, false then true":              {step: full, old: `"is_last_backup":false`, new: `"is_last_backup":false,"is_last_backup":true`, want: "2 times"},
		"a string":                            {step: last, old: `"is_last_backup":true`, new: `"is_last_backup":"true"`, turned: true, want: "0 times"},
		"missing":                             {step: full, old: `"is_last_backup":false,`, new: ``, want: "0 times"},
		"another name":                        {step: full, old: `"name":"ims-prod-001`, new: `"name":"ims-prod-002`, want: "name"},
		"another target":                      {step: full, old: `in04"`, new: `in05"`, want: "target_instance_id"},
		"another mode":                        {step: last, old: `"incre"`, new: `"full"`, turned: true, want: "recovery_mode"},
		"overwrite":                           {step: full, old: `"is_cover":false`, new: `"is_cover":true`, want: "is_cover"},
		"a backup of an instance":             {step: full, old: `"file_id":""`, new: `"file_id":"x"`, want: "file_id"},
		"another file":                        {step: last, old: `a.bak`, new: `b.bak`, turned: true, want: "LOG/b.bak"},
		"another folder":                      {step: last, old: `LOG/`, new: `LOC/`, turned: true, want: "LOC/a.bak"},
		"files are no list":                   {step: last, old: `"files":[`, new: `"files":[1,`, turned: true, want: "files"},
		"no object":                           {step: full, old: `{"base_info"`, new: `["base_info"`, want: "object"},
	} {
		t.Run(name, func(t *testing.T) {
			b := bodyOf(t, c.step)
			bad := bytes.Replace(b, []byte(c.old), []byte(c.new), 1)
			if bytes.Equal(b, bad) {
				t.Fatalf("%s does not hold %s", b, c.old)
			}
			err := guard(bad, c.step, 1, c.turned)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("guard = %v, want %q", err, c.want)
			}
		})
	}
	if err := guard(bodyOf(t, full), full, 2, false); err == nil {
		t.Error("the body of another attempt passes")
	}
}

// A request that the guard refuses is recorded as unsent and never sent. The
// plan changes after the request was built, which no pass does.
func TestGuardKeepsARefusedRequestFromBeingSent(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{}, "l1.bak")
	runner := r.runner()
	beforeAppend(runner, func(e ledger.Event) error {
		r.p.Overwrite = r.p.Overwrite || e.Kind == ledger.Intent
		return nil
	})
	x := r.said("pass", runner.Pass(t.Context()))
	if x.Reason != Broken || x.Sent != SentNo || len(r.sim.Jobs()) != 0 {
		t.Errorf("%+v, %d jobs", x, len(r.sim.Jobs()))
	}
	events, err := r.l.Events(t.Context(), r.p.Chain())
	if err != nil || len(events) == 0 || events[len(events)-1].Kind != ledger.Unsent {
		t.Errorf("the events are %v, %v", events, err)
	}
}
