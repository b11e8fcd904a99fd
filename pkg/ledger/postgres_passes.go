package ledger

import "context"

// record writes the last passes without waiting for the disk.
func (p *postgres) record(ctx context.Context, rows []passRow) error {
	ctx, cancel := context.WithTimeout(ctx, statementTime)
	defer cancel()
	var chains, data []string
	for _, r := range rows {
		chains, data = append(chains, r.chain), append(data, r.data)
	}
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return p.explain(p.path, "recording the last passes in", err)
	}
	_, err = tx.ExecContext(ctx, "SET LOCAL synchronous_commit = off")
	if err == nil {
		_, err = tx.ExecContext(ctx, upsertPasses, chains, data)
	}
	if err != nil {
		_ = tx.Rollback()
	} else {
		err = tx.Commit()
	}
	if err != nil {
		return p.explain(p.path, "recording the last passes in", err)
	}
	return nil
}

const upsertPasses = "insert into pass (chain, data) select * from unnest($1::text[], $2::text[]) on conflict (chain) do update set data = excluded.data"

func (p *postgres) last(ctx context.Context) ([]passRow, error) {
	ctx, cancel := context.WithTimeout(ctx, statementTime)
	defer cancel()
	rows, err := scanPasses(ctx, p.db.QueryContext)
	if err != nil {
		return nil, p.explain(p.path, "reading the last passes in", err)
	}
	return rows, nil
}

// close leaves the connections to the store.
func (p *postgres) close() error { return nil }
