package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/plan"
)

// lockGate compares the files of a step with the lock beside the plan. The lock
// is read each time, since it changes together with the plan. A lock that goes
// missing during the run holds back every step.
func (a *app) lockGate(run *planRun, r *remote, s settings) func(context.Context, plan.Step) error {
	first, err := readLock(run.Migration)
	hadLock := first != nil || err != nil
	return func(ctx context.Context, step plan.Step) error {
		lock, err := readLock(run.Migration)
		switch {
		case err != nil:
			return &executor.Stop{Reason: executor.FileNotLocked, Err: fmt.Errorf("%s cannot be used: %w", verify.LockFile(run.File), err)}
		case lock == nil && hadLock:
			return &executor.Stop{Reason: executor.FileNotLocked, Err: fmt.Errorf("%s is gone", verify.LockFile(run.File))}
		case lock == nil || step.Plan.Source.OBS == nil:
			return nil
		}
		hadLock = true
		return lockStop(a.compareLocked(ctx, lock, step, r, &s))
	}
}

func (a *app) compareLocked(ctx context.Context, lock *verify.Lock, step plan.Step, r *remote, s *settings) error {
	if why := a.withoutBucket(r.endpoint, s); why != nil {
		return why
	}
	store, err := a.store(ctx, step.Plan, filesOptions{settings: *s})
	if err != nil {
		return err
	}
	return lock.Gate(ctx, store, step)
}

// lockStop gives an error its reason; without one that is known, the files
// could not be looked at.
func lockStop(err error) error {
	if err == nil {
		return nil
	}
	s := &executor.Stop{Reason: executor.FilesUnavailable, Why: executor.WhyLocked, Err: err}
	var kept *verify.GateError
	if errors.As(err, &kept) {
		switch kept.Kind {
		case verify.FileChanged:
			s.Reason, s.Why = executor.FileChanged, ""
		case verify.FileNotLocked:
			s.Reason, s.Why = executor.FileNotLocked, ""
		case verify.FileDenied, verify.FileUnavailable:
		}
	}
	if _, _, class, known := problemOf(err); known && class == executor.Denied {
		s.Reason, s.Why = executor.FilesDenied, ""
	}
	return s
}
