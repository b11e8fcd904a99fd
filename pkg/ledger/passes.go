package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// PassRecord is the last pass over a chain: when it ran, by whom, and how it
// ended. It is for people. It is not an event, no hash covers it, it may be lost in
// a power cut, and what is sent never depends on it.
type PassRecord struct {
	Chain      string          `json:"-"`
	Run        string          `json:"run"` // the process, as in events
	Began      time.Time       `json:"began"`
	Ended      time.Time       `json:"ended"`
	User       string          `json:"user"`
	Host       string          `json:"host"`
	Code       string          `json:"code"`           // how it ended, by the name of its class
	Reason     string          `json:"reason"`         // why it ended like that
	Stop       json.RawMessage `json:"stop,omitempty"` // the values of its message
	PlanSHA256 string          `json:"plan_sha256"`    // of the bytes of the plan file
	Seq        int64           `json:"seq"`            // of the newest event when it ended, 0 for none
	Hash       string          `json:"hash"`           // of that event
}

// passStore keeps the last pass of each chain.
type passStore interface {
	record(ctx context.Context, rows []passRow) error
	last(ctx context.Context) ([]passRow, error)
	close() error
}

// passRow is a PassRecord as it is stored.
type passRow struct{ chain, data string }

// The statements are valid on SQLite and on PostgreSQL.
const (
	createPassTable = "CREATE TABLE IF NOT EXISTS pass (chain text not null primary key, data text not null)"
	selectPasses    = "select chain, data from pass order by chain"
	upsertPass      = "insert into pass (chain, data) values ($1, $2) on conflict (chain) do update set data = excluded.data"
)

// RecordPasses replaces the last pass of each chain in records, all in one
// transaction, without waiting for the disk. Of two passes over one chain, the one
// that is written last stays. A cancelled ctx stops it. A run that did not get the
// lock of the target made no pass, and records none. An error says nothing about
// the events: a caller warns and continues.
func (l *Ledger) RecordPasses(ctx context.Context, records []PassRecord) error {
	if l.locker == nil {
		return fmt.Errorf("%s: %w", l.path, errReadOnly)
	}
	if len(records) == 0 {
		return nil
	}
	rows := make([]passRow, len(records))
	for i, r := range records {
		data, err := json.Marshal(r)
		if err == nil && (r.Chain == "" || !storableText(r.Chain)) {
			err = fmt.Errorf("%q is no chain", r.Chain)
		}
		if err != nil {
			return fmt.Errorf("recording the last pass: %w", err)
		}
		rows[i] = passRow{r.Chain, string(data)}
	}
	return l.passes.record(ctx, newestRows(rows))
}

// newestRows keeps the last row of each chain, by chain: two processes that
// write the same rows in another order would wait for each other.
func newestRows(rows []passRow) []passRow {
	byChain := map[string]passRow{}
	for _, r := range rows {
		byChain[r.chain] = r
	}
	out := make([]passRow, 0, len(byChain))
	for _, chain := range slices.Sorted(maps.Keys(byChain)) {
		out = append(out, byChain[chain])
	}
	return out
}

// LastPasses returns the last recorded pass of each chain. A ledger of an older
// migplan has none. An error says nothing about the events.
func (l *Ledger) LastPasses(ctx context.Context) (map[string]PassRecord, error) {
	rows, err := l.passes.last(ctx)
	if err != nil {
		return nil, err
	}
	records := make(map[string]PassRecord, len(rows))
	for _, row := range rows {
		r := PassRecord{Chain: row.chain}
		if err := json.Unmarshal([]byte(row.data), &r); err != nil {
			return nil, fmt.Errorf("reading the last pass of chain %s in the ledger %s: %w", row.chain, l.path, err)
		}
		records[row.chain] = r
	}
	return records, nil
}

func scanPasses(ctx context.Context, q query) ([]passRow, error) {
	rows, err := q(ctx, selectPasses)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []passRow
	for rows.Next() {
		var r passRow
		if err := rows.Scan(&r.chain, &r.data); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
