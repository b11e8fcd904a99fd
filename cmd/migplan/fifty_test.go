package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFiftyPlansWithOneBroken: status says of 50 plans in subfolders, one of them
// not valid, what apply said of each. It is long because it is one scenario, step
// by step.
func TestFiftyPlansWithOneBroken(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for i := range 50 {
		text := strings.NewReplacer("ims-prod", fmt.Sprintf("plan-%02d", i), "0a31", fmt.Sprintf("%04d", i)).Replace(imsPlan(fullOnly))
		if i == 31 {
			text = strings.Replace(text, "databases:", "database:", 1)
		}
		folder := filepath.Join(s.dir, "plans", fmt.Sprintf("team%d", i%7))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(folder, fmt.Sprintf("plan-%02d.yaml", i)), text)
	}
	codes := func(stdout string) map[string]int {
		var out struct {
			Plans []struct {
				File string
				Code int
			}
		}
		if err := json.Unmarshal([]byte(stdout), &out); err != nil {
			t.Fatal(err)
		}
		by := map[string]int{}
		for _, p := range out.Plans {
			by[p.File] = p.Code
		}
		return by
	}
	stdout, _ := s.migplan(t, 3, "apply", "-o", "json", "--recursive", "plans")
	applied := codes(stdout)
	stdout, stderr := s.migplan(t, 3, "status", "-o", "json", "plans")
	broken := filepath.Join("plans", "team3", "plan-31.yaml")
	if shown := codes(stdout); len(applied) != 50 || fmt.Sprint(shown) != fmt.Sprint(applied) || applied[broken] != 3 {
		t.Errorf("apply says %v\nand status %v", applied, shown)
	}
	if !strings.Contains(stderr, broken+":") || len(s.sim.Jobs()) != 49 {
		t.Errorf("%d jobs, want 49; stderr:\n%s", len(s.sim.Jobs()), stderr)
	}
}
