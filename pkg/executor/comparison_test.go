package executor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// TestComparison sends one plan in four ways to a DRS that accepts the second
// create and loses the answer, and counts the jobs of that step. It is long
// because it contains a table.
func TestComparison(t *testing.T) {
	steps := comparisonSteps(t)
	for _, c := range []struct {
		name  string
		fault string
		want  int
		send  func(t *testing.T, url string, steps []plan.Step)
	}{
		{"go-retryablehttp, default policy", "lost-after-accept", 2, func(t *testing.T, url string, steps []plan.Step) {
			client := retryablehttp.NewClient()
			client.Logger, client.RetryWaitMin, client.RetryWaitMax = nil, time.Millisecond, time.Millisecond
			inTurn(t, url, steps, client.StandardClient(), 1)
		}},
		{"every error means failed: the next run sends again", "504-after-accept", 2, func(t *testing.T, url string, steps []plan.Step) {
			inTurn(t, url, steps, http.DefaultClient, 2)
		}},
		{"retry without looking", "lost-after-accept", 2, func(t *testing.T, url string, steps []plan.Step) {
			inTurn(t, url, steps, http.DefaultClient, 2)
		}},
		{"migplan, answer lost", "lost-after-accept", 1, withMigplan},
		{"migplan, 504", "504-after-accept", 1, withMigplan},
	} {
		t.Run(c.name, func(t *testing.T) {
			sim := drssim.New(drssim.Config{Seed: 1, Faults: []drssim.Fault{{Kind: c.fault, N: 2}}})
			server := httptest.NewServer(sim)
			defer server.Close()
			c.send(t, server.URL, steps)
			jobs := 0
			for _, j := range sim.Jobs() {
				if j.Name == steps[1].JobName(1) {
					jobs++
				}
			}
			colour := map[bool]string{true: "green", false: "red  "}[jobs == 1]
			fmt.Fprintf(os.Stdout, "%s  %-52s %d of 1 jobs for step 2\n", colour, c.name, jobs)
			if jobs != c.want {
				t.Errorf("%d jobs for step 2, want %d", jobs, c.want)
			}
		})
	}
}

func comparisonSteps(t *testing.T) []plan.Step {
	t.Helper()
	p, ds, err := plan.LoadFile("../../examples/plans/open-chain.yaml")
	if err != nil || p == nil {
		t.Fatal(err, ds)
	}
	steps, err := plan.Steps(p)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// inTurn posts each step until it gets an answer, at most tries times: what a
// script does that treats a missing answer as a failure.
func inTurn(t *testing.T, base string, steps []plan.Step, client *http.Client, tries int) {
	t.Helper()
	for _, s := range steps {
		r, err := s.Request(1)
		if err != nil {
			t.Fatal(err)
		}
		for range tries {
			if post(t.Context(), client, base, s.Plan.Target.ProjectID, r.Body) == nil {
				break
			}
		}
	}
}

func post(ctx context.Context, client *http.Client, base, project string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v5/"+project+"/backup-migration-jobs", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Auth-Token", "any")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("HTTP %d", resp.StatusCode))
	}
	return nil
}

type anyToken struct{}

func (anyToken) Authorize(r *http.Request, _ []byte) error {
	r.Header.Set("X-Auth-Token", "any")
	return nil
}

func (anyToken) Renew(context.Context) (bool, error) { return false, nil }

func withMigplan(t *testing.T, base string, steps []plan.Step) {
	t.Helper()
	endpoint, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	client, err := drs.New(drs.Config{Endpoint: endpoint, ProjectID: steps[0].Plan.Target.ProjectID, Authorizer: anyToken{}})
	if err != nil {
		t.Fatal(err)
	}
	l := ledger.OpenMemory()
	runner := executor.Runner{Plan: steps[0].Plan, Jobs: client, Ledger: l, Run: "test"}
	for range 10 {
		r := runner.Pass(t.Context())
		if r.Reason == executor.NextBackup {
			return
		}
		if r.Class() != executor.OK {
			t.Fatalf("%+v", r)
		}
	}
	t.Fatal("the plan does not finish")
}
