package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// pullRequest is a checkout in which the commands of a CI job run. The programs
// go and gh do nothing there.
type pullRequest struct{ dir, home string }

func newPullRequest(t *testing.T) pullRequest {
	t.Helper()
	program, err := exec.LookPath("migplan")
	if err != nil {
		t.Fatal(err)
	}
	p := pullRequest{t.TempDir(), t.TempDir()}
	if err := os.CopyFS(filepath.Join(p.dir, "plans"), os.DirFS("../../examples/plans")); err != nil {
		t.Fatal(err)
	}
	commit := exec.Command("sh", "-c", `git init -q && git add . && git -c user.name=dba -c user.email=dba@example.com commit -qm plans &&
git update-ref refs/remotes/origin/main HEAD && printf '  - incremental: LOG/crm_log_0300.bak\n' >> plans/open-chain.yaml`)
	commit.Dir = p.dir
	if out, err := commit.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, dir := range []string{"go/bin", "bin"} {
		if err := os.MkdirAll(filepath.Join(p.home, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"go": "#!/bin/sh\n[ \"$1\" = install ] || echo $HOME/go\n", "gh": "#!/bin/sh\ntest -s plan.md && echo gh $*\n",
	} {
		if err := os.WriteFile(filepath.Join(p.home, "bin", name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(program, filepath.Join(p.home, "go", "bin", "migplan")); err != nil {
		t.Fatal(err)
	}
	return p
}

// run runs a script as both runners do: the first failed command ends it.
func (p pullRequest) run(t *testing.T, script string) (string, bool) {
	t.Helper()
	c := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	c.Dir = p.dir
	c.Env = []string{"HOME=" + p.home, "PATH=" + p.home + "/bin:" + p.home + "/go/bin:/usr/bin:/bin", "VERSION=main", "NUMBER=7", "BASE=main", "CI_MERGE_REQUEST_DIFF_BASE_SHA=HEAD",
		"GORACE=atexit_sleep_ms=0", "GITHUB_PATH=" + p.home + "/path", "GITHUB_STEP_SUMMARY=" + p.home + "/summary"}
	out, err := c.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(out), err == nil
}

func (p pullRequest) breakPlan(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, "plans", "broken.yaml"), []byte("version: 1\nname: broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestGitHubExample runs every step of the workflow, on good plans and on a bad
// one.
func TestGitHubExample(t *testing.T) {
	t.Parallel()
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct{ Name, Run string }
		}
	}
	if err := yaml.Unmarshal([]byte(readExample(t, "ci/github-actions.yml")), &workflow); err != nil {
		t.Fatal(err)
	}
	p := newPullRequest(t)
	steps := map[string]string{}
	for _, s := range workflow.Jobs["plans"].Steps {
		if s.Run == "" {
			continue
		}
		steps[s.Name] = s.Run
		checkLine(t, "step "+s.Name, strings.ReplaceAll(s.Run, "\n", ";"))
		if out, ok := p.run(t, s.Run); !ok {
			t.Errorf("step %s: %s", s.Name, out)
		}
	}
	summary, err := os.ReadFile(filepath.Join(p.home, "summary"))
	if err != nil || !strings.Contains(string(summary), "crm-prod-001-") || !strings.Contains(string(summary), "Compared with `origin/main`") || len(steps) != 5 {
		t.Errorf("%d steps, and the summary shows no job: %v\n%s", len(steps), err, summary)
	}
	p.breakPlan(t)
	if out, ok := p.run(t, steps["Validate"]); ok || !strings.Contains(out, "::error file=plans/broken.yaml") {
		t.Errorf("a bad plan passes: %s", out)
	}
}

// TestGitLabExample does the same for GitLab.
func TestGitLabExample(t *testing.T) {
	t.Parallel()
	var pipeline map[string]struct {
		Before    []string `yaml:"before_script"`
		Script    []string
		Artifacts struct{ Paths []string }
	}
	if err := yaml.Unmarshal([]byte(readExample(t, "ci/gitlab-ci.yml")), &pipeline); err != nil {
		t.Fatal(err)
	}
	job := pipeline["plans"]
	lines := append(job.Before, job.Script...)
	if len(lines) != 5 {
		t.Fatalf("%d commands", len(lines))
	}
	for _, l := range lines {
		checkLine(t, "gitlab-ci.yml", l)
	}
	p := newPullRequest(t)
	script := strings.Join(lines, "\n")
	if out, ok := p.run(t, script); !ok {
		t.Error(out)
	}
	for _, file := range job.Artifacts.Paths {
		if info, err := os.Stat(filepath.Join(p.dir, file)); err != nil || info.Size() == 0 {
			t.Errorf("the artifact %s: %v", file, err)
		}
	}
	p.breakPlan(t)
	if out, ok := p.run(t, script); ok || !strings.Contains(out, "plans/broken.yaml:") {
		t.Errorf("a bad plan passes: %s", out)
	}
}
