package main

import (
	"context"
	"encoding/json"
	"path/filepath"

	"github.com/migplan/migplan/internal/alerts"
	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// A file that is not valid has no chain under which to record what the webhook was
// told of it, so that is recorded under its path.

// fileKey is where what was told of a plan file is recorded.
func fileKey(file string) string {
	if path, err := filepath.Abs(file); err == nil {
		file = path
	}
	return "file " + file
}

// toldOfFiles is what the webhook was told of files that were not valid, by path.
func (w *webhook) toldOfFiles(ctx context.Context, l *ledger.Ledger) map[string]json.RawMessage {
	told := map[string]json.RawMessage{}
	if w.to == nil {
		return told
	}
	last, err := l.LastPasses(ctx)
	w.alertFailed(err)
	for key, r := range last {
		var note view.PassNote
		if json.Unmarshal(r.Stop, &note) == nil && len(note.Told) > 0 {
			told[key] = note.Told
		}
	}
	return told
}

// tellFiles posts that files are not valid any more, and forgets those that are
// valid again: the pass over their plan has posted that.
func (w *webhook) tellFiles(ctx context.Context, l *ledger.Ledger, all []*view.Migration, runs []*planRun,
	told map[string]json.RawMessage,
) {
	if w.to == nil {
		return
	}
	now := map[string]json.RawMessage{}
	w.postInvalid(ctx, l, all, told, now)
	for _, run := range runs {
		key := fileKey(run.File)
		switch invalid := run.Result.Reason == executor.PlanInvalid; {
		case invalid && len(run.note.Told) > 0:
			now[key] = run.note.Told
		case !invalid && told[key] != nil && string(run.note.Told) != string(told[key]):
			now[key] = nil
		}
	}
	w.recordFiles(ctx, l, now)
}

// postInvalid posts each file that is not valid and was not told of, and adds what
// arrived to now.
func (w *webhook) postInvalid(ctx context.Context, l *ledger.Ledger, all []*view.Migration,
	told, now map[string]json.RawMessage,
) {
	var changes []alerts.Change
	var keys []string
	for _, m := range all {
		if m.Valid() {
			continue
		}
		m.LedgerFile = l.Path()
		key := fileKey(m.File)
		if c := alerts.Changed(w.alertOf(m), reported(told[key])); c != nil {
			changes, keys = append(changes, *c), append(keys, key)
		}
	}
	for i, arrived := range w.deliver(ctx, changes) {
		if arrived {
			now[keys[i]], _ = json.Marshal(changes[i].Plan.Situation())
		}
	}
}

func (w *webhook) recordFiles(ctx context.Context, l *ledger.Ledger, told map[string]json.RawMessage) {
	var records []ledger.PassRecord
	for key, situation := range told {
		note, _ := json.Marshal(view.PassNote{Told: situation})
		records = append(records, ledger.PassRecord{Chain: key, Ended: w.now(), Code: string(executor.Invalid), Stop: note})
	}
	w.alertFailed(l.RecordPasses(context.WithoutCancel(ctx), records))
}

// tellOfInvalid is tellFiles for a call without a valid plan. It makes no ledger.
func (a *app) tellOfInvalid(ctx context.Context, all []*view.Migration, o applyOptions) {
	w := a.webhook()
	reader, _, err := a.readLedger(&o.settings)
	if reader == nil || err != nil || reader.Close() != nil || w.to == nil {
		return
	}
	l, err := a.openLedger(ctx, &o.settings)
	if err != nil {
		w.alertFailed(err)
		return
	}
	defer l.Close()
	w.tellFiles(ctx, l, all, nil, w.toldOfFiles(ctx, l))
}
