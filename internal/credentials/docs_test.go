package credentials

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPermissionsGrantOnlyNeededActions reads the policies in docs/permissions.md,
// which people copy.
func TestPermissionsGrantOnlyNeededActions(t *testing.T) {
	section := ""
	for _, m := range regexp.MustCompile("(?ms)^## (.+?)$|^```json\n(.+?)^```").FindAllStringSubmatch(readDoc(t, "permissions.md"), -1) {
		if m[1] != "" {
			section = m[1]
			continue
		}
		var policy struct {
			Version   string
			Statement []struct {
				Effect           string
				Action, Resource []string
			}
		}
		if err := json.Unmarshal([]byte(m[2]), &policy); err != nil || policy.Version != "1.1" || len(policy.Statement) == 0 {
			t.Fatalf("%s: %v in %s", section, err, m[2])
		}
		allowed := []string{
			"drs:backupMigrationJob:get", "drs:backupMigrationJob:list", "drs:backupMigrationJob:check",
			"rds:*:get", "rds:*:list", "obs:bucket:ListBucket", "obs:bucket:HeadBucket", "obs:object:GetObject",
		}
		if section == "Everyday runner" {
			allowed = append(allowed, "drs:backupMigrationJob:create")
		}
		for _, statement := range policy.Statement {
			for _, action := range statement.Action {
				if !slices.Contains(allowed, action) {
					t.Errorf("%s may %s", section, action)
				}
			}
		}
	}
}

// TestSecurityPageNamesExistingTests looks for the tests that docs/security.md names.
func TestSecurityPageNamesExistingTests(t *testing.T) {
	var code strings.Builder
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			text, _ := os.ReadFile(path)
			code.Write(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(readDoc(t, "security.md"), -1)
	if len(named) == 0 {
		t.Error("no test is named")
	}
	for _, m := range named {
		if !strings.Contains(code.String(), "func "+m[1]+"(t *testing.T)") {
			t.Errorf("%s does not exist", m[1])
		}
	}
}
