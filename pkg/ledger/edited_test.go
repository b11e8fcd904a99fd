package ledger

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// The hashes show edits that keep the database sound, with the number of the
// event. (They do not show an edit that also recomputes all later hashes.)
func TestEditedHistoryIsBroken(t *testing.T) {
	edits := map[string]struct {
		sql  string
		want string // in the error
	}{
		"middle deleted": {`delete from event where seq = 2`, "event 2: missing"},
		"first deleted":  {`delete from event where seq = 1`, "event 1: missing"},
		"data":           {`update event set data = '{}' where seq = 3`, "event 3: the content"},
		"step":           {`update event set step = 9 where seq = 1`, "event 1: the content"},
		"time":           {`update event set at = '2026-03-01T12:00:02.123457Z' where seq = 3`, "event 3: the content"},
		"hash":           {`update event set hash = prev where seq = 2`, "event 2: the content"},
		"prev":           {`update event set prev = hash where seq = 2`, "event 2: does not follow"},
		"moved":          {`update event set seq = 5 where seq = 4`, "event 4: missing, number 5 follows"},
		"swapped":        {`update event set seq = -seq; update event set seq = case seq when -2 then 3 when -3 then 2 else -seq end`, "event 2: does not follow"},
		"no time":        {`update event set at = 'yesterday' where seq = 2`, "event 2:"},
		"no number":      {`update event set step = 'x' where seq = 2`, "event 2:"},
		// A byte that is not UTF-8 where U+FFFD was.
		"not UTF-8": {`update event set data = cast(x'7b226e223a312c2274657874223a223cc3bcff3e227d' as text) where seq = 2`, "event 2:"},
	}
	for name, edit := range edits {
		l := mustSQL(t)
		fill(t, l, chainA, 4)
		if _, err := sqlOf(l).Exec(edit.sql); err != nil {
			t.Fatal(name, err)
		}
		_, err := l.Events(context.Background(), chainA)
		if !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), edit.want) {
			t.Errorf("%s: %v, want a broken ledger, %q", name, err, edit.want)
		}
	}
}

func TestEditedOpenedIsBroken(t *testing.T) {
	l := mustSQL(t)
	fill(t, l, chainA, 1)
	if _, err := sqlOf(l).Exec(`update event set data = '{}'`); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Opened(context.Background()); !errors.Is(err, ErrBroken) {
		t.Errorf("%v, want a broken ledger", err)
	}
}
