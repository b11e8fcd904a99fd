package verify

import (
	"context"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/plan"
)

// ReadGuard reads what Decide needs: the last backup of p, the list of the
// prefix, and the headers of every object in it that p neither contains nor
// ignores. What the store does not allow, or does not have, is in the facts. A
// store that gives no usable answer, or an object that changes meanwhile, is an
// error of type *Error, or the context's. progress is as in Options.
func ReadGuard(ctx context.Context, store Store, p *plan.Plan, progress func(done, total int)) (GuardFacts, error) {
	f := GuardFacts{TailLog: p.Cutover != nil && p.Cutover.TailLog}
	var err error
	if f.Last, err = readKeys(ctx, store, p.Backups[len(p.Backups)-1].Keys, nil); err != nil {
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
	f.Others, err = readKeys(ctx, store, otherKeys(p, list), progress)
	f.Others = slices.DeleteFunc(f.Others, func(b backup.Backup) bool { return KindOf(b.Err) == Missing && b.Err != nil })
	return f, err
}

// UnreadGuard are the facts where nothing can be read, for one reason.
func UnreadGuard(p *plan.Plan, why error) GuardFacts {
	f := GuardFacts{TailLog: p.Cutover != nil && p.Cutover.TailLog, Unlisted: why}
	for _, key := range p.Backups[len(p.Backups)-1].Keys {
		f.Last = append(f.Last, backup.Backup{Name: key, Err: why})
	}
	return f
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
	for _, o := range list {
		if !known[o.Key] && !p.Cutover.Ignores(o.Key) && o.Size > 0 && !strings.HasSuffix(o.Key, "/") {
			keys = append(keys, o.Key)
		}
	}
	return keys
}

// readKeys reads the headers of objects and keeps their order.
func readKeys(ctx context.Context, store Store, keys []string, progress func(done, total int)) ([]backup.Backup, error) {
	files := make([]Checked, len(keys))
	for i, key := range keys {
		files[i] = Checked{Key: key}
	}
	readFiles(ctx, files, store, progress)
	var out []backup.Backup
	for _, f := range files {
		if isSilent(f.Err) {
			return nil, f.Err
		}
		out = append(out, f.Backup)
	}
	return out, nil
}

// isSilent reports an error that says nothing of the object.
func isSilent(err error) bool {
	kind := KindOf(err)
	return kind == Unavailable || kind == Changed
}
