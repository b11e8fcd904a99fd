package verify

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/plan"
)

// readers is how many files are read at a time.
const readers = 8

// maxSilent is how many files in a row may give no answer before the rest is
// not asked for: each takes several tries of a minute.
const maxSilent = 2 * readers

var errNotAsked = &Error{Kind: Unavailable, Problem: "it was not asked for, since the files before it gave no answer"}

// readAll reads the files of a plan and keeps their order.
func readAll(ctx context.Context, p *plan.Plan, s Store, progress func(done, total int)) []Checked {
	var files []Checked
	for i, b := range p.Backups {
		for _, key := range b.Keys {
			files = append(files, Checked{Step: i + 1, Key: key})
		}
	}
	readFiles(ctx, files, s, progress)
	return files
}

// readFiles reads files, a few at a time.
func readFiles(ctx context.Context, files []Checked, s Store, progress func(done, total int)) {
	next := make(chan int)
	var all sync.WaitGroup
	var done, silent atomic.Int64
	for range min(readers, len(files)) {
		all.Go(func() {
			for i := range next {
				if silent.Load() >= maxSilent {
					files[i].fail(errNotAsked)
				} else if files[i].read(ctx, s); KindOf(files[i].Err) == Unavailable {
					silent.Add(1)
				} else {
					silent.Store(0)
				}
				if n := int(done.Add(1)); progress != nil {
					progress(n, len(files))
				}
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	all.Wait()
}

func (c *Checked) fail(err error) {
	c.Err, c.Backup = err, backup.Backup{Name: c.Key, Err: err}
}

// read looks at one file, and reads its header where there is data to read.
func (c *Checked) read(ctx context.Context, s Store) {
	if ctx.Err() != nil {
		c.fail(&Error{Kind: Unavailable, Problem: "it was not asked for, since a signal ended the run", Err: ctx.Err()})
		return
	}
	f, err := s.Open(ctx, c.Key)
	if err != nil {
		c.fail(err)
		return
	}
	defer f.Close()
	c.Object = f.Object()
	if c.Object.Archived {
		c.fail(&Error{Kind: Archived, Problem: "it is in Archive storage"})
		return
	}
	m, err := backup.Read(f, c.Object.Size)
	var told *backup.UnreadableError
	if err != nil && !errors.As(err, &told) {
		c.fail(err)
		return
	}
	c.Backup = backup.Backup{Name: c.Key, Media: m, Err: err}
}
