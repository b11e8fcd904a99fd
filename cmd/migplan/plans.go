package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/plan"
)

// loaded is one plan file as a command sees it.
type loaded struct {
	file        string
	plan        *plan.Plan // nil where it is invalid
	steps       []plan.Step
	diagnostics []plan.Diagnostic
}

func (l loaded) valid() bool { return l.plan != nil }

// loadPlans reads every plan that the arguments name, by loadPlan or lookAt.
// One broken file does not stop the others.
func loadPlans(args []string, load func(string) loaded) ([]loaded, error) {
	files, err := planFiles(args)
	if err != nil {
		return nil, err
	}
	var all []loaded
	seen := map[string]bool{}
	for _, f := range files {
		if !seen[filepath.Clean(f)] { // a file named twice is one plan
			seen[filepath.Clean(f)] = true
			all = append(all, load(f))
		}
	}
	checkTogether(all)
	return all, nil
}

// planFiles expands folders into the plans in them.
func planFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() {
			files = append(files, arg) // what cannot be read is said as a diagnostic
			continue
		}
		found, err := plansIn(arg)
		if err != nil {
			return nil, usage{fmt.Sprintf("folder %s cannot be read: %v", arg, err), "check its permissions"}
		}
		if len(found) == 0 {
			return nil, usage{fmt.Sprintf("folder %s holds no plan", arg), "a plan's name ends in .yaml or .yml"}
		}
		files = append(files, found...)
	}
	return files, nil
}

func plansIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var files []string
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		if !e.IsDir() && !strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, err
}

// loadPlan reads a plan that may be submitted.
func loadPlan(file string) loaded { return compiled(file, plan.LoadFile) }

// lookAt reads a plan for a command that submits nothing.
func lookAt(file string) loaded { return compiled(file, plan.LoadFileToInspect) }

func compiled(file string, load func(string) (*plan.Plan, []plan.Diagnostic, error)) loaded {
	p, ds, err := load(file)
	if err != nil {
		ds = []plan.Diagnostic{unreadable(file, err)}
	}
	l := loaded{file: file, plan: p, diagnostics: ds}
	if p != nil {
		l.steps, err = plan.Steps(p)
		if err != nil {
			l.plan, l.diagnostics = nil, append(ds, unreadable(file, err))
		}
	}
	return l
}

func unreadable(file string, err error) plan.Diagnostic {
	var pathErr *fs.PathError
	hint := "check the path"
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	if errors.Is(err, fs.ErrPermission) {
		hint = "check its permissions"
	}
	return plan.Diagnostic{File: file, Pos: plan.Pos{Line: 1, Column: 1}, Severity: plan.Error, Rule: "file", Summary: "the file cannot be read: " + err.Error(), Hint: hint}
}

// checkTogether adds what is wrong between the plans of one call.
func checkTogether(all []loaded) {
	var plans []*plan.Plan
	for _, l := range all {
		if l.valid() {
			plans = append(plans, l.plan)
		}
	}
	for _, d := range plan.CheckConflicts(plans) {
		for i := range all {
			if all[i].file == d.File && !slices.Contains(all[i].diagnostics, d) {
				all[i].diagnostics = append(all[i].diagnostics, d)
				if d.Severity == plan.Error {
					all[i].plan = nil
				}
				break
			}
		}
	}
}

// sayInvalid says on stderr what is wrong with plans that will not be run.
func (a *app) sayInvalid(all []loaded) (valid []loaded, bad bool) {
	for _, l := range all {
		if l.valid() {
			valid = append(valid, l)
			continue
		}
		bad = true
		for _, d := range plan.Group(l.diagnostics) {
			line(a.stderr, "%s", d)
		}
	}
	return valid, bad
}
