package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/plan"
)

// loadPlans reads every plan that the arguments name, by loadPlan or lookAt, and
// checks them together. One broken file does not stop the others.
func loadPlans(args []string, load func(string) *view.Migration) ([]*view.Migration, error) {
	all, err := loadEach(args, load)
	checkTogether(all)
	return all, err
}

func loadEach(args []string, load func(string) *view.Migration) ([]*view.Migration, error) {
	found, err := sources(args)
	var all []*view.Migration
	for _, s := range found {
		m := &view.Migration{File: s.file}
		if s.err != nil {
			m.Diagnostics = []plan.Diagnostic{cannotRead(s.file, "folder", s.err)}
		} else {
			m = load(s.file)
		}
		m.InSubfolder = s.sub
		all = append(all, m)
	}
	return all, err
}

// loadPlan reads a plan that may be submitted.
func loadPlan(file string) *view.Migration { return loadWith(file, plan.LoadFile) }

// lookAt reads a plan for a command that submits nothing.
func lookAt(file string) *view.Migration { return loadWith(file, plan.LoadFileToInspect) }

func loadWith(file string, load func(string) (*plan.Plan, []plan.Diagnostic, error)) *view.Migration {
	p, ds, err := load(file)
	if err != nil {
		ds = []plan.Diagnostic{unreadable(file, err)}
	}
	return &view.Migration{File: file, Plan: p, Diagnostics: ds}
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
func checkTogether(all []*view.Migration) {
	var plans []*plan.Plan
	for _, m := range all {
		if m.Valid() {
			plans = append(plans, m.Plan)
		}
	}
	for _, d := range plan.CheckConflicts(plans) {
		for _, m := range all {
			if m.File == d.File && !slices.Contains(m.Diagnostics, d) {
				m.Diagnostics = append(m.Diagnostics, d)
				if d.Severity == plan.Error {
					m.Plan = nil
				}
				break
			}
		}
	}
}

// sayInvalid says on stderr what is wrong with plans that will not be run.
func (a *app) sayInvalid(all []*view.Migration) (valid []*view.Migration, bad bool) {
	for _, m := range all {
		if m.Valid() {
			valid = append(valid, m)
			continue
		}
		bad = true
		for _, d := range plan.Group(m.Diagnostics) {
			view.WriteDiagnostic(a.stderr, d)
		}
	}
	return valid, bad
}

// onePlan loads the one plan that a command is about which submits nothing.
func (a *app) onePlan(file string) (*view.Migration, error) {
	m := lookAt(file)
	if !m.Valid() {
		a.sayInvalid([]*view.Migration{m})
		return m, exit{executor.Invalid}
	}
	return m, nil
}

// chainsOf are the chains of the valid plans.
func chainsOf(all []*view.Migration) (chains []string) {
	for _, m := range all {
		if m.Valid() {
			chains = append(chains, m.Plan.Chain())
		}
	}
	return chains
}
