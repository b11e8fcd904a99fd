package plan

import (
	"os"
	"testing"
)

// A plan is given by its whole path in a folder that was removed meanwhile.
func TestSchemaCompilesWithoutWorkingDirectory(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if s := compileSchema(); s.compiled == nil || s.plain == nil {
		t.Error("the schema is not there")
	}
}
