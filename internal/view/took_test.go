package view

import (
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/ledger"
)

func TestTookIsNeverNegative(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		submitted, finished time.Time
		want                string
	}{
		"not submitted":            {time.Time{}, time.Time{}, "-"},
		"finished":                 {now, now.Add(90 * time.Second), "1m30s"},
		"finished at once":         {now, now, "0s"},
		"clock set back meanwhile": {now, now.Add(-time.Hour), "-"},
		"still running":            {now.Add(-time.Minute), time.Time{}, "1m0s so far"},
		"running, clock set back":  {now.Add(time.Hour), time.Time{}, "-"},
	} {
		got := took(ledger.Step{SubmittedAt: c.submitted, FinishedAt: c.finished}, now)
		if got != c.want || strings.Contains(strings.TrimPrefix(got, "-"), "-") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
