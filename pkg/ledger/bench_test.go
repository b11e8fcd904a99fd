package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		mustOpen(b, dir).Close()
	}
}

func BenchmarkOpenReader(b *testing.B) {
	dir := b.TempDir()
	mustOpen(b, dir)
	for b.Loop() {
		mustRead(b, dir).Close()
	}
}

// An intent with a body of a real length; on disk it is durable.
func BenchmarkAppend(b *testing.B) {
	for _, where := range []string{"disk", "memory"} {
		b.Run(where, func(b *testing.B) {
			l := OpenMemory()
			if where == "disk" {
				l = mustOpen(b, b.TempDir())
			}
			var head Head
			e := longEvent(chainA)
			for b.Loop() {
				appended, err := l.Append(context.Background(), head, e)
				if err != nil {
					b.Fatal(err)
				}
				head = Head{appended.Seq, appended.Hash}
			}
		})
	}
}

func longEvent(chain string) Event {
	e := testEvent(chain, Intent, 1)
	e.Data = json.RawMessage(fmt.Sprintf(`{"body":%q}`, strings.Repeat("0123456789", 80)))
	return e
}

// Open and read 100,000 events in 100 chains.
func BenchmarkRead100000(b *testing.B) {
	dir := b.TempDir()
	l := mustOpen(b, dir)
	if _, err := sqlOf(l).Exec("begin"); err != nil {
		b.Fatal(err)
	}
	for c := range 100 {
		var head Head
		for range 1000 {
			e, err := l.Append(context.Background(), head, longEvent(fmt.Sprintf("%016x", c)))
			if err != nil {
				b.Fatal(err)
			}
			head = Head{e.Seq, e.Hash}
		}
	}
	if _, err := sqlOf(l).Exec("commit"); err != nil {
		b.Fatal(err)
	}
	l.Close()
	for b.Loop() {
		r := mustRead(b, dir)
		for c := range 100 {
			mustEvents(b, r, fmt.Sprintf("%016x", c))
		}
		r.Close()
	}
}
