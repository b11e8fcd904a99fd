//go:build linux && amd64

package e2e_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/migplan/migplan/pkg/ledger"
)

// Without a network a pass ends with 75 and nothing is in doubt, whether the
// endpoint is an address or a name, at each stage of the plan.
func TestWithoutNetworkNothingIsInDoubt(t *testing.T) {
	requireStrace(t)
	byName := "MIGPLAN_ENDPOINT=" // the region's endpoint
	for name, c := range map[string]struct {
		before int // passes that succeeded
		env    []string
	}{
		"new plan":          {0, nil},
		"new plan, by name": {0, []string{byName}},
		"running job":       {1, nil},
		"cutover running":   {3, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withoutNetwork(t, c.before, c.env)
		})
	}
}

func withoutNetwork(t *testing.T, before int, env []string) {
	w := newWorkspace(t, withKeys)
	w.passes(before)
	state, requests := w.state(), len(w.sim.Requests())
	w.timeout = "2s"
	trace := filepath.Join(t.TempDir(), "trace")
	r := straced(t, append(slices.Clone(w.env), env...), []string{"-o", trace, "-e", "trace=connect", "-e", "inject=connect:error=ENETUNREACH", "--"}, w.apply()...)
	if r.code != 75 || r.stdout != "" || !strings.Contains(r.stderr, "run it again") {
		t.Error(r)
	}
	if b, err := os.ReadFile(trace); err != nil || !strings.Contains(string(b), "ENETUNREACH (Network is unreachable) (INJECTED)") {
		t.Errorf("no connect was made to fail: %v\n%s", err, b)
	}
	after := w.state()
	if state.Head != after.Head || !reflect.DeepEqual(state.Steps, after.Steps) || len(w.sim.Requests()) != requests {
		t.Errorf("the ledger was %+v, is %+v; %d requests came", state, after, len(w.sim.Requests())-requests)
	}
	w.timeout = "30s"
	w.finish()
	w.checkJobs()
}

// The network fails after the listing and before the create: the create is known
// to be unsent, so nothing is in doubt.
func TestNetworkLostBeforeCreateIsUnsent(t *testing.T) {
	w := newWorkspace(t, withKeys)
	w.timeout = "4s" // a create is started if a second is left
	listed := false
	r := traced(t, w.env, w.folder, func(c call) action {
		listed = listed || c.name == "write" && c.path == "socket"
		if listed && c.name == "connect" {
			return action{errno: syscall.ENETUNREACH}
		}
		return action{}
	}, w.apply()...)
	if r.code != 75 || r.stdout != "" {
		t.Error(r)
	}
	if st := w.state().Step(1); st.State != ledger.StepPending || st.IntentSeq == 0 {
		t.Errorf("step 1 is %s, its intent %d: want an intent that is known to be unsent", st.State, st.IntentSeq)
	}
	if jobs := w.sim.Jobs(); len(jobs) > 0 {
		t.Errorf("%d jobs", len(jobs))
	}
	w.timeout = "30s"
	w.finish()
	w.checkJobs()
}
