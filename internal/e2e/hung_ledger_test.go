//go:build linux && amd64

package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/postgrestest"
	"github.com/migplan/migplan/pkg/ledger"
)

// With a ledger whose server accepts connections and never answers, a command ends
// with 75 and names the ledger without its password.
func TestHungLedgerEndsEveryCommand(t *testing.T) {
	f := newFleet(t, postgres.Start(t), 1, 1)
	p := postgrestest.NewProxy(t, postgres.Start(t), func(string) (bool, bool) { return false, false })
	p.Hang()
	address := p.Through(f.ledger) + "&connect_timeout=1"
	f.env = append(f.env, "MIGPLAN_LEDGER="+strings.Replace(address, "migplan@", "migplan:canary@", 1))
	plan, state := f.files[0], filepath.Join(t.TempDir(), "state")
	l, err := ledger.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, args := range [][]string{
		{"status", plan},
		{"status", "-o", "json", plan},
		{"plan", plan},
		{"history", plan},
		{"apply", plan},
		{"apply", "--wait", "--timeout", "2s", plan},
		{"hold", plan, "--reason", "x"},
		{"adopt", plan, "--all", "--reason", "x"},
		{"ledger", "copy", address, filepath.Join(t.TempDir(), "state")},
		{"ledger", "copy", state, address},
	} {
		t.Run(strings.Join(args[:2], " "), func(t *testing.T) {
			t.Parallel()
			r := execute(t, f.env, append([]string{binary}, args...)...)
			if r.code != 75 || !strings.Contains(r.stderr+r.stdout, "postgres:///"+f.database()) || strings.Contains(r.String(), "canary") {
				t.Error(r)
			}
		})
	}
}
