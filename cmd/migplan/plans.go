package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/migplan/migplan/pkg/plan"
)

// loaded is one plan file as a command sees it.
type loaded struct {
	file        string
	sub         bool       // in a subfolder of an argument
	plan        *plan.Plan // nil where it is invalid
	steps       []plan.Step
	diagnostics []plan.Diagnostic
}

func (l loaded) valid() bool { return l.plan != nil }

// loadPlans reads every plan that the arguments name, by loadPlan or lookAt, and
// checks them together. One broken file does not stop the others.
func loadPlans(args []string, load func(string) loaded) ([]loaded, error) {
	all, err := loadEach(args, load)
	checkTogether(all)
	return all, err
}

func loadEach(args []string, load func(string) loaded) ([]loaded, error) {
	found, err := sources(args)
	var all []loaded
	for _, s := range found {
		l := loaded{file: s.file}
		if s.err != nil {
			l.diagnostics = []plan.Diagnostic{cannotRead(s.file, "folder", s.err)}
		} else {
			l = load(s.file)
		}
		l.sub = s.sub
		all = append(all, l)
	}
	return all, err
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

func unreadable(file string, err error) plan.Diagnostic { return cannotRead(file, "file", err) }

func cannotRead(path, what string, err error) plan.Diagnostic {
	hint := "check the path"
	switch {
	case errors.Is(err, fs.ErrPermission):
		hint = "check its permissions"
	case errors.Is(err, syscall.ELOOP):
		hint = "it is a symlink that leads to itself: remove it"
	case path == "-":
		hint = "only validate reads a plan from standard input"
	}
	return plan.Diagnostic{
		File: path, Pos: plan.Pos{Line: 1, Column: 1}, Severity: plan.Error, Rule: "file",
		Summary: fmt.Sprintf("the %s cannot be read: %v", what, reason(err)), Hint: hint,
	}
}

// reason is an error without the path and the call that it is about.
func reason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
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
