package ledger

import (
	"os"
	"testing"

	"github.com/migplan/migplan/internal/postgrestest"
)

// shared is the server of all tests that do not stop it.
var shared postgrestest.Shared

func TestMain(m *testing.M) {
	code := m.Run()
	shared.Remove()
	os.Exit(code)
}

// mustPostgres is an empty ledger in PostgreSQL.
func mustPostgres(t testing.TB) *Ledger { return mustOpen(t, newPostgres(t)) }

// newPostgres is the address of an empty database.
func newPostgres(t testing.TB) string { return shared.Start(t).NewDatabase(t) }
