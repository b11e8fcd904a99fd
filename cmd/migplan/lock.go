package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
)

func (a *app) lockCommand() *cobra.Command {
	var files filesOptions
	var update bool
	c := &cobra.Command{
		Use:   "lock PLAN...",
		Short: "Record the backup files of a plan in PLAN.lock.json",
		Long: `Check the files of each plan as verify does and, if nothing is wrong, write
PLAN.lock.json beside the plan: size, ETag, set GUID, type, LSNs and finish time
of each file. Review it in the same change as the plan. verify then compares.

New files are added. If a file differs from its entry, nothing is written; --update
replaces the entry. The lock is not written if nothing changed. A folder has no
ETags: with --from, the lock gets none, and keeps those it has.`,
		Example: "  migplan lock plans/ims.yaml\n  migplan lock --from /backup/ims plans/ims.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			class, err := a.lock(c.Context(), args, files, update)
			if err != nil {
				class = a.classified(err)
			}
			return exitWith(class)
		},
		ValidArgsFunction: completePlans,
	}
	files.flags(c)
	c.Flags().BoolVar(&update, "update", false, "replace the entries of files that have changed")
	return c
}

func (a *app) lock(ctx context.Context, args []string, files filesOptions, update bool) (executor.Class, error) {
	all, err := loadPlans(args, loadPlan)
	if err != nil {
		return executor.OK, err
	}
	valid, bad := a.sayInvalid(all)
	classes := []executor.Class{executor.OK}
	if bad {
		classes = append(classes, executor.Invalid)
	}
	for _, m := range valid {
		class, err := a.lockPlan(ctx, m, files, update)
		if err != nil {
			return executor.OK, err
		}
		classes = append(classes, class)
	}
	return worst(classes...), nil
}

// lockPlan writes the lock of one plan whose files are as they should be.
func (a *app) lockPlan(ctx context.Context, m *view.Migration, files filesOptions, update bool) (executor.Class, error) {
	store, err := a.store(ctx, m.Plan, files)
	if err != nil {
		return executor.OK, err
	}
	r := a.check(ctx, m, store, false)
	if class := reportClass(r); class != executor.OK {
		for _, f := range r.Findings {
			m.WriteFinding(a.stderr, f)
		}
		view.Error(a.stderr, m.Plan.Name+": the lock was not written", "correct the files or the plan, and run it again")
		return class, nil
	}
	if len(r.Files) == 0 {
		view.Error(a.stderr, m.Plan.Name+": there is no file to lock: its source is a backup of an RDS instance", "")
		return executor.Invalid, nil
	}
	old, err := readLock(m)
	if err != nil && !update {
		m.WriteFinding(a.stderr, lockFinding(m, err))
		return executor.Invalid, nil
	}
	return a.writeLock(m, old, verify.NewLock(m.Plan, r.Files), update)
}

func (a *app) writeLock(m *view.Migration, old, now *verify.Lock, update bool) (executor.Class, error) {
	merged, changed := now.Update(old)
	if len(changed) > 0 && !update {
		for _, c := range changed {
			view.Line(a.stderr, "error: %s: %s", m.Plan.Name, view.Clean(c))
		}
		view.Line(a.stderr, "hint: find out who replaced it; to lock what is there now, run migplan lock --update and review the change")
		return executor.Invalid, nil
	}
	file := verify.LockFile(m.File)
	if old.IsSame(merged) {
		view.Line(a.stdout, "%s: %s is up to date, %s", m.Plan.Name, file, view.Counted(len(merged.Files), "file"))
		return executor.OK, nil
	}
	data, err := merged.Bytes()
	if err != nil {
		return executor.OK, err
	}
	if err := replaceFile(file, data); err != nil {
		view.Error(a.stderr, fmt.Sprintf("%s: %s could not be written: %v", m.Plan.Name, file, err),
			"check the folder's permissions and its free space; the old file is as it was")
		return executor.ClassError, nil
	}
	view.Line(a.stdout, "%s: %s written, %s", m.Plan.Name, file, view.Counted(len(merged.Files), "file"))
	return executor.OK, nil
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return withoutPath(err)
	}
	defer os.Remove(f.Name()) // gone already where it was renamed
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// withoutPath leaves out the random name of a temporary file.
func withoutPath(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
