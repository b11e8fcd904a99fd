//go:build !linux

package ledger

import "testing"

func mustPostgres(t testing.TB) *Ledger {
	t.Skip("the server of the tests runs on Linux only")
	return nil
}

func newPostgres(t testing.TB) string {
	t.Skip("the server of the tests runs on Linux only")
	return ""
}
