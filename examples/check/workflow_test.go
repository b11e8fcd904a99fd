// Package check checks the examples with the tools and types of those who run
// them.
package check

import (
	"io"
	"os"
	"testing"

	"github.com/rhysd/actionlint"
)

// TestWorkflow: actionlint finds nothing, in the shell of the steps neither
// where shellcheck is on the machine.
func TestWorkflow(t *testing.T) {
	const file = "../ci/github-actions.yml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{Shellcheck: "shellcheck"})
	if err != nil {
		t.Fatal(err)
	}
	found, err := linter.Lint(file, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found {
		t.Error(e)
	}
}
