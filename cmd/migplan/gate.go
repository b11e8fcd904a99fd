package main

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/plan"
)

// gate returns the check of a step that is about to be sent: the lock for each
// step, the bucket for the cutover.
func (a *app) gate(run *planRun, r *remote, s settings) func(context.Context, plan.Step) error {
	compare := a.lockGate(run, r, s)
	return func(ctx context.Context, step plan.Step) error {
		if err := compare(ctx, step); err != nil {
			return err
		}
		if !step.Last || step.Plan.Source.OBS == nil {
			return nil
		}
		return a.guardCutover(ctx, run, r, &s)
	}
}

// guardCutover compares the cutover with the backups in the bucket. Where the
// bucket cannot be read, it only warns, unless the plan requires a tail-log backup.
func (a *app) guardCutover(ctx context.Context, run *planRun, r *remote, s *settings) error {
	p := run.Plan
	if !p.Cutover.TailLog && a.obsEndpoint(s) == "" && onThisMachine(r.endpoint) {
		return nil // a simulated DRS, which has no bucket
	}
	facts, err := a.guardFacts(ctx, p, r.endpoint, s)
	if err != nil {
		return err
	}
	found := facts.Decide()
	for _, what := range found.Unclear {
		if !slices.Contains(run.unclear, what) {
			run.unclear = append(run.unclear, what)
			a.log.Warn().Str("plan", p.Name).Str("detail", view.Clean(what)).Msg("newer backups in the bucket cannot be ruled out")
		}
	}
	switch {
	case len(found.Newer) > 0:
		return newerBackup(p, found.Newer)
	case len(found.NotTail) > 0:
		return &executor.Stop{Reason: executor.NoTailLog, Detail: strings.Join(found.NotTail, "; "), Err: unreadLast(facts)}
	}
	return nil
}

// unreadLast is why a file of the last backup could not be read; nil where what
// is in it counts.
func unreadLast(f verify.GuardFacts) error {
	for _, b := range f.Last {
		var file *backup.UnreadableError
		if b.Err != nil && !errors.As(b.Err, &file) {
			return b.Err
		}
	}
	return nil
}

// guardFacts reads the bucket. An error is one of a bucket that may answer later;
// one that this run may not or cannot read is in the facts.
func (a *app) guardFacts(ctx context.Context, p *plan.Plan, drs *url.URL, s *settings) (verify.GuardFacts, error) {
	if why := a.withoutBucket(drs, s); why != nil {
		return verify.UnreadGuard(p, why), nil
	}
	client, err := a.connectBucket(ctx, s, targetRegion(p.Target))
	if err != nil {
		problem, remedy, class, _ := problemOf(err)
		why := &verify.Error{Kind: verify.Denied, Problem: cmp.Or(problem, err.Error()), Remedy: remedy, Err: err}
		if ctx.Err() != nil || class == executor.TryAgain {
			why.Kind = verify.Unavailable
			return verify.GuardFacts{}, why
		}
		return verify.UnreadGuard(p, why), nil
	}
	return verify.ReadGuard(ctx, bucketStore{client, p.Source.OBS.Bucket}, p, a.fileProgress(p.Name))
}

// withoutBucket says why no endpoint of OBS is known; nil where one is. DRS at an
// another address is not in the cloud whose OBS endpoints follow from the region.
func (a *app) withoutBucket(drs *url.URL, s *settings) error {
	given := a.obsEndpoint(s)
	isPublic := strings.HasSuffix(drs.Hostname(), ".myhuaweicloud.com") || strings.HasSuffix(drs.Hostname(), ".myhuaweicloud.eu")
	switch {
	case given == view.NoBucket:
		return &verify.Error{Kind: verify.Denied, Problem: view.BucketSwitchedOff, Remedy: view.SwitchBucketOn}
	case given == "" && !isPublic:
		return &verify.Error{Kind: verify.Denied, Problem: view.BucketEndpointless, Remedy: view.GiveOBSEndpoint}
	}
	return nil
}

// obsEndpoint is the endpoint of OBS that was given, "" for none.
func (a *app) obsEndpoint(s *settings) string {
	return cmp.Or(s.obsEndpoint, a.get("MIGPLAN_OBS_ENDPOINT"))
}

func onThisMachine(u *url.URL) bool {
	addr, err := netip.ParseAddr(u.Hostname())
	return err == nil && addr.IsLoopback() || strings.EqualFold(u.Hostname(), "localhost")
}

// newerBackup is the stop of a cutover that would lose the changes in these objects.
func newerBackup(p *plan.Plan, newer []verify.Newer) *executor.Stop {
	s := &executor.Stop{Reason: executor.NewerBackup}
	var all []string
	for _, n := range newer {
		all = append(all, n.String())
		key := strings.TrimPrefix(n.Key, p.Source.OBS.Prefix) // as the plan names it
		if !slices.Contains(s.Objects, key) {
			s.Objects = append(s.Objects, key)
		}
	}
	s.Detail = strings.Join(all, "; ")
	return s
}
