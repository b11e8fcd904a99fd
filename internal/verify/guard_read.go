package verify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/plan"
)

// ReadGuard reads what Decide needs: the last backup of p, the list of the
// prefix, and the headers of every object in it that p neither contains nor
// ignores. What the store does not allow, or does not have, is in the facts. A
// store that gives no usable answer, or an object that changes meanwhile, is an
// error of type *Error, or the context's.
func ReadGuard(ctx context.Context, store Store, p *plan.Plan) (GuardFacts, error) {
	f := GuardFacts{TailLog: p.Cutover != nil && p.Cutover.TailLog}
	var err error
	if f.Last, err = readKeys(ctx, store, p.Backups[len(p.Backups)-1].Keys); err != nil {
		return f, err
	}
	list, err := store.List(ctx, p.Source.OBS.Prefix)
	switch {
	case isSilent(err):
		return f, err
	case err != nil:
		f.Unlisted = err
		return f, nil
	}
	f.Others, err = readKeys(ctx, store, otherKeys(p, list))
	f.Others = slices.DeleteFunc(f.Others, func(b backup.Backup) bool { return KindOf(b.Err) == Missing && b.Err != nil })
	return f, err
}

// otherKeys are the objects that p neither contains nor ignores. An object
// without a byte is no backup.
func otherKeys(p *plan.Plan, list []Object) (keys []string) {
	known := map[string]bool{}
	for _, b := range p.Backups {
		for _, key := range b.Keys {
			known[key] = true
		}
	}
	for _, key := range p.Cutover.IgnoreNewer {
		known[key] = true
	}
	for _, o := range list {
		if !known[o.Key] && o.Size > 0 && !strings.HasSuffix(o.Key, "/") {
			keys = append(keys, o.Key)
		}
	}
	return keys
}

// isSilent reports an error that says nothing of the object.
func isSilent(err error) bool {
	var told *backup.UnreadableError
	kind := KindOf(err)
	return !errors.As(err, &told) && (kind == Unavailable || kind == Changed)
}

// guardReaders is how many objects are read at a time.
const guardReaders = 8

// readKeys reads the headers of objects, a few at a time, and keeps their
// order. The first silent error ends it.
func readKeys(ctx context.Context, store Store, keys []string) ([]backup.Backup, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	out := make([]backup.Backup, len(keys))
	next := make(chan int)
	var readers sync.WaitGroup
	for range min(guardReaders, len(keys)) {
		readers.Go(func() {
			for i := range next {
				if out[i] = readKey(ctx, store, keys[i]); isSilent(out[i].Err) {
					stop(out[i].Err)
				}
			}
		})
	}
	for i := range keys {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	readers.Wait()
	return out, context.Cause(ctx)
}

func readKey(ctx context.Context, store Store, key string) backup.Backup {
	b := backup.Backup{Name: key}
	file, err := store.Open(ctx, key)
	if err != nil {
		b.Err = err
		return b
	}
	defer file.Close()
	b.Media, b.Err = backup.Read(file, file.Object().Size)
	return b
}
