package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// killedChains is how many chains the killed processes share.
const killedChains = 200

// childMany appends to chains that others append to, until it is killed. It
// says the chain, the number and the hash of each event once it is appended.
func childMany(place, run string) error {
	l, err := Open(place)
	if err != nil {
		return err
	}
	for {
		chain := fmt.Sprintf("%016x", rand.IntN(killedChains))
		events, err := l.Events(context.Background(), chain)
		if err != nil {
			return err
		}
		e := testEvent(chain, Intent, 1)
		e.Run = run
		switch e, err = l.Append(context.Background(), headOf(events), e); {
		case err == nil:
			fmt.Println(e.Chain, e.Seq, e.Hash)
		case !errors.Is(err, ErrLostRace):
			return err
		}
	}
}

// Eight processes append to 200 chains and are killed several times: every event
// whose Append returned is there, once, and every chain is whole. It is long
// because it is one scenario, step by step.
func TestPostgresKilledProcessesLoseNoEvent(t *testing.T) {
	place := newPostgres(t)
	said := map[string]string{} // chain and number: hash
	hear := func(line string) {
		var chain, seq, hash string
		if n, _ := fmt.Sscan(line, &chain, &seq, &hash); n < 3 || len(hash) < 64 {
			return
		}
		if before, ok := said[chain+" "+seq]; ok && before != hash {
			t.Errorf("chain %s has two events %s", chain, seq)
		}
		said[chain+" "+seq] = hash
	}
	for round := range 3 {
		var all []*child
		for i := range 8 {
			all = append(all, start(t, "many", place, fmt.Sprint("run ", round, " ", i)))
		}
		for _, c := range all {
			for range 10 {
				hear(c.line(t))
			}
		}
		for _, c := range all {
			hear(c.kill())
		}
	}
	l, found := mustOpen(t, place), 0
	for i := range killedChains {
		chain := fmt.Sprintf("%016x", i)
		for _, e := range mustEvents(t, l, chain) {
			if hash, ok := said[fmt.Sprint(chain, " ", e.Seq)]; ok && hash == e.Hash {
				found++
			}
		}
	}
	if found != len(said) || found < 240 {
		t.Errorf("%d of %d acknowledged events are there", found, len(said))
	}
	t.Logf("%d acknowledged events", found)
}
