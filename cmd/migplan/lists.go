package main

import (
	"context"
	"sync"
	"time"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/drs"
)

// leastListed is how many plans of a project must wait for their jobs before a list
// of the project takes the place of a request for each.
const leastListed = 3

// listAge is how long a list counts as fresh.
const listAge = 15 * time.Second

// jobList is one list of the running jobs of a project, for the passes that begin at
// the same time. The first of them that needs it makes it.
type jobList struct {
	read func() ([]drs.OfflineTaskInfo, error)

	once  sync.Once
	began time.Duration // uptime
	jobs  map[string]drs.OfflineTaskInfo
}

// job is a job that the list shows, as executor.Runner.Listed. After an error, and
// when the list is old, there is none: the pass looks for itself.
func (l *jobList) job(id string) (drs.OfflineTaskInfo, bool) {
	l.once.Do(func() {
		l.began = drs.Uptime()
		jobs, err := l.read()
		l.jobs = make(map[string]drs.OfflineTaskInfo, len(jobs))
		for _, j := range jobs {
			if err == nil {
				l.jobs[j.ID] = j
			}
		}
	})
	j, ok := l.jobs[id]
	return j, ok && drs.Uptime()-l.began <= listAge
}

// shareLists gives the plans that only wait for their jobs one list for each project,
// where that saves requests. It asks for fewer pages than there are plans.
func (f *fleet) shareLists(ctx context.Context, due []*planRun) {
	waiting := map[*drs.Client][]*planRun{}
	for _, run := range due {
		if run.runner.Listed = nil; run.onlyWaits {
			waiting[run.client] = append(waiting[run.client], run)
		}
	}
	for client, runs := range waiting {
		if len(runs) < leastListed {
			continue
		}
		list := &jobList{read: func() ([]drs.OfflineTaskInfo, error) {
			jobs, err := client.ListRunningJobs(ctx, len(runs)/leastListed)
			if err != nil {
				f.log.Debug().Str("error", view.Clean(err.Error())).Msg("the running jobs could not be listed; each plan asks for its own")
			}
			return jobs, err
		}}
		for _, run := range runs {
			run.runner.Listed = list.job
		}
	}
}

// together moves the next look at a job that is far from its end, so that the looks
// of many plans can share a list.
func together(now, next time.Time) time.Time {
	const grid = 5 * time.Second
	if next.Sub(now) <= 2*grid {
		return next
	}
	return next.Add(-time.Duration(next.UnixNano() % int64(grid))) // keeps the monotonic clock, which Truncate removes
}
