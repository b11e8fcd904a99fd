package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/plan"
)

// filesOptions are the flags that say where the files of a plan are.
type filesOptions struct {
	settings settings
	from     string
}

func (o *filesOptions) flags(c *cobra.Command) {
	o.settings.bucketFlags(c)
	c.Flags().StringVar(&o.from, "from", "", "folder with the files, instead of the bucket and its prefix")
	_ = c.MarkFlagDirname("from")
}

type verifyOptions struct {
	filesOptions
	output   string
	stopAt   string
	parallel int
}

func (a *app) verifyCommand() *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use:   "verify PLAN...",
		Short: "Check the backup files of plans: each file, and the restore chain",
		Long: `Read the headers of the files that each plan lists, and check that every file is
there, is complete and is what the plan says, and that the files of each database
form a restore chain. With a lock beside the plan (PLAN.lock.json), also that the
files are those that were locked. The files are read in the bucket, with an access
key; with --from, in a folder instead of the plan's prefix.

Nothing is written. Data pages are not read. The exit code is 3 if a file
or the chain is wrong. docs/verify.md lists what is checked.`,
		Example: "  migplan verify plans/ims.yaml\n  migplan verify -o json --from /backup/ims plans/ims.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkParallel(o.parallel); err != nil {
				return err
			}
			class, err := a.verify(c.Context(), args, o)
			if err != nil {
				class = a.classified(err)
			}
			return exitWith(class)
		},
		ValidArgsFunction: completePlans,
	}
	o.flags(c)
	outputFlag(c, &o.output, "text", "json")
	c.Flags().IntVar(&o.parallel, "parallel", 4, "how many plans to check at once")
	c.Flags().StringVar(&o.stopAt, "stop-at", "", "show which backup ends nearest to this time, like 2027-03-01T01:00:00+08:00; DRS cannot stop at a point in time")
	return c
}

func (a *app) verify(ctx context.Context, args []string, o verifyOptions) (executor.Class, error) {
	var stopAt time.Time
	if o.stopAt != "" {
		var err error
		if stopAt, err = time.Parse(time.RFC3339, o.stopAt); err != nil {
			return executor.OK, usage{fmt.Sprintf("--stop-at %q is not a time with an offset", o.stopAt), "write it like 2027-03-01T01:00:00+08:00"}
		}
	}
	all, err := loadPlans(args, lookAt)
	if err != nil {
		return executor.OK, err
	}
	out, err := a.verifyEach(ctx, all, o, stopAt)
	if err != nil {
		return executor.OK, err
	}
	classes := []executor.Class{executor.OK}
	for _, v := range out {
		classes = append(classes, v.Class)
	}
	class := worst(classes...)
	if o.output == "json" {
		a.writeJSON(view.Verification(out, class, exitCode))
	} else {
		a.sayInvalid(all)
		view.WriteVerified(a.stdout, out)
	}
	return class, nil
}

// verifyEach checks the valid plans, several at once, and returns a result for each
// plan in the order given. The error is about what could not be set up.
func (a *app) verifyEach(ctx context.Context, all []*view.Migration, o verifyOptions, stopAt time.Time) ([]view.Verified, error) {
	out, stores := make([]view.Verified, len(all)), make([]verify.Store, len(all))
	for i, m := range all {
		out[i] = view.Verified{Migration: m, Class: executor.Invalid}
		if !m.Valid() {
			continue
		}
		var err error
		if stores[i], err = a.store(ctx, m.Plan, o.filesOptions); err != nil {
			return nil, err
		}
	}
	var work errgroup.Group
	work.SetLimit(o.parallel)
	for i := range out {
		if v := &out[i]; v.Valid() {
			work.Go(func() error {
				v.Report = a.check(ctx, v.Migration, stores[i], true)
				if !stopAt.IsZero() {
					v.Report.AddStopAt(stopAt)
				}
				v.Class = reportClass(v.Report)
				return nil
			})
		}
	}
	return out, work.Wait()
}

// check compares one plan with its files and, if asked, with its lock.
func (a *app) check(ctx context.Context, m *view.Migration, store verify.Store, withLock bool) verify.Report {
	o := verify.Options{Progress: a.fileProgress(m.Plan.Name)}
	var unusable []verify.Finding
	if withLock {
		lock, err := readLock(m)
		if err != nil {
			unusable = append(unusable, lockFinding(m, err))
		}
		o.Lock = lock
	}
	r := verify.Check(ctx, m.Plan, store, o)
	r.Findings = append(unusable, r.Findings...)
	return r
}

// store is where the files of a plan are read from: its bucket, or a folder.
func (a *app) store(ctx context.Context, p *plan.Plan, o filesOptions) (verify.Store, error) {
	switch {
	case p.Source.OBS == nil:
		return nil, nil
	case o.from != "":
		return folderStore(p, o.from)
	}
	client, err := a.connectBucket(ctx, &o.settings, targetRegion(p.Target))
	if err != nil {
		return nil, err
	}
	return bucketStore{client, p.Source.OBS.Bucket}, nil
}

func folderStore(p *plan.Plan, path string) (verify.Store, error) {
	const remedy = "give a folder with the backup files"
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, usage{"--from: " + err.Error(), remedy}
	case !info.IsDir():
		return nil, usage{"--from " + path + " is not a folder", remedy}
	}
	return verify.Folder{Path: path, Prefix: p.Source.OBS.Prefix}, nil
}

// manyFiles is from how many files on progress is shown, and how often.
const manyFiles = 100

// fileProgress says on stderr how far the reading of many files is.
func (a *app) fileProgress(name string) func(done, total int) {
	return func(done, total int) {
		if total >= 2*manyFiles && done%manyFiles == 0 && done < total {
			view.WriteFileProgress(a.stderr, name, done, total)
		}
	}
}

// readLock is the lock of a plan, nil where it has none. A link that leads
// nowhere is a lock that cannot be read; opening a pipe would wait for a writer.
func readLock(m *view.Migration) (*verify.Lock, error) {
	path := verify.LockFile(m.File)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, withoutPath(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	return verify.ReadLock(f, m.Plan.Name)
}

func lockFinding(m *view.Migration, err error) verify.Finding {
	return verify.Finding{ID: verify.FindLockUnusable, Severity: backup.Error,
		Summary: fmt.Sprintf("%s cannot be used: %v", verify.LockFile(m.File), err),
		Action:  "restore it from git, or write it again with migplan lock --update and review it"}
}

// reportClass is the class of one plan.
func reportClass(r verify.Report) executor.Class {
	classes := []executor.Class{executor.OK}
	if r.Invalid() {
		classes = append(classes, executor.Invalid)
	}
	if r.Denied() {
		classes = append(classes, executor.Denied)
	}
	if r.Unavailable() {
		classes = append(classes, executor.TryAgain)
	}
	return worst(classes...)
}
