package executor

import "testing"

func TestChainOfUnknownTokenContinuesWithAnyToken(t *testing.T) {
	for _, c := range []struct {
		was, is string
		want    bool
	}{
		{"token", "token", true},
		{"token", "token:0123", true}, // an older ledger
		{"token:0123", "token:0123", true},
		{"token:0123", "token:4567", false},
		{"token:0123", "token", false},
		{"token", "token-key", false},
		{"token", "ak:A", false},
		{"user:d/u", "token:0123", false},
		{"", "token:0123", false},
	} {
		if got := samePrincipal(c.was, c.is); got != c.want {
			t.Errorf("%q, then %q: %t, want %t", c.was, c.is, got, c.want)
		}
	}
}
