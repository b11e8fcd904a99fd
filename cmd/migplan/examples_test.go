package main

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestExamples validates, dry-runs and rehearses every example plan.
func TestExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/plans/*.yaml")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d examples: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			empty := t.TempDir()
			for _, args := range [][]string{
				{"validate", "--strict", file},
				{"plan", "--ledger", empty, file},
				{"rehearse", "--restore-time", "20ms", file},
				{"rehearse", "--restore-time", "20ms", "--fault", "lost-after-accept@1", file},
			} {
				var out, errs bytes.Buffer
				if code := run(args, &out, &errs); code != 0 {
					t.Errorf("migplan %v: %d\n%s%s", args, code, out.String(), errs.String())
				}
			}
		})
	}
}
