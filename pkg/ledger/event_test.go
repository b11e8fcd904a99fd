package ledger

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// Ledgers that exist were hashed over what json.Marshal writes.
func TestAppendJSONWritesWhatJSONMarshalWrites(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	pieces := []string{"a", `"`, `\`, "/", "<", ">", "&", "\x00", "\n", "\x1f", " ", "~", "\x7f", "ü", "\u2028", "\xff", "\U0001f600", `{"x":"\u003c"}`}
	texts := append([]string{""}, pieces...)
	for range 10_000 {
		text := ""
		for range random.IntN(6) {
			text += pieces[random.IntN(len(pieces))]
		}
		texts = append(texts, text)
	}
	for _, text := range texts {
		want, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(appendJSON([]byte("["), text)); got != "["+string(want) {
			t.Fatalf("%q is written as %s, want %s", text, got[1:], want)
		}
	}
}
