package migplan_test

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/migplan/migplan/"

// mayImport says which of our packages each of our packages may import, test
// files apart. cmd/migplan may import everything; nothing may import it.
var mayImport = map[string][]string{
	"pkg/executor":                         {"pkg/plan", "pkg/drs", "pkg/ledger"},
	"pkg/plan":                             {"pkg/drs", "schema", "internal/lazy", "internal/spelling"},
	"pkg/drs":                              {"internal/lazy", "internal/neterror", "internal/strictjson"},
	"pkg/ledger":                           nil,
	"pkg/backup":                           nil,
	"schema":                               nil,
	"internal/credentials":                 {"internal/neterror", "internal/spelling"},
	"internal/credentials/credentialstest": nil,
	"internal/alerts":                      nil,
	"internal/backuptest":                  nil,
	"internal/bench":                       nil,
	"internal/bench/bare":                  nil,
	"internal/drssim":                      {"pkg/drs", "internal/lazy", "internal/strictjson"},
	"internal/lazy":                        nil,
	"internal/neterror":                    nil,
	"internal/obs":                         {"internal/lazy", "internal/neterror"},
	"internal/obstest":                     nil,
	"internal/postgrestest":                nil,
	"internal/spelling":                    nil,
	"internal/view":                        {"internal/lazy", "pkg/plan", "pkg/executor", "pkg/ledger", "pkg/drs", "pkg/backup", "internal/verify"},
	"internal/strictjson":                  nil,
	"internal/e2e":                         nil,
	"internal/verify":                      {"pkg/plan", "pkg/backup"},
}

// onlyImporter says where a library may be used, test files apart.
var onlyImporter = map[string][]string{
	"gopkg.in/yaml.v3":                              {"pkg/plan"},
	"github.com/santhosh-tekuri/jsonschema/v5":      {"pkg/plan"},
	"github.com/hashicorp/go-retryablehttp":         {"pkg/drs", "internal/credentials"},
	"github.com/vbauerster/mpb/v8":                  {"internal/view"},
	"github.com/prometheus/client_golang":           {"internal/alerts"},
	"github.com/spf13/cobra":                        {"cmd/migplan"},
	"modernc.org/sqlite":                            {"pkg/ledger"},
	"github.com/jackc/pgx/v5":                       {"pkg/ledger", "internal/postgrestest"},
	"github.com/gofrs/flock":                        {"pkg/ledger"},
	"github.com/huaweicloud/huaweicloud-sdk-go-v3":  {"internal/credentials"},
	"github.com/huaweicloud/huaweicloud-sdk-go-obs": {"internal/obs"},
	"github.com/johannesboyne/gofakes3":             {"internal/obstest"},
}

func TestWhoImportsWhom(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		pkg, ours := strings.CutPrefix(words[0], module)
		if !ours {
			continue
		}
		allowed, known := mayImport[pkg]
		if pkg == "cmd/migplan" {
			allowed, known = slices.Collect(maps.Keys(mayImport)), true
		}
		if !known {
			t.Errorf("%s is not in the layout: say what it may import", pkg)
		}
		seen++
		for _, imported := range words[1:] {
			checkImport(t, pkg, imported, allowed)
		}
	}
	if want := len(mayImport) + 1; seen != want {
		t.Errorf("saw %d packages, want %d", seen, want)
	}
}

func checkImport(t *testing.T, pkg, imported string, allowed []string) {
	t.Helper()
	if in, ours := strings.CutPrefix(imported, module); ours && !slices.Contains(allowed, in) {
		t.Errorf("%s must not import %s", pkg, in)
	}
	for library, users := range onlyImporter {
		if (imported == library || strings.HasPrefix(imported, library+"/")) && !slices.Contains(users, pkg) {
			t.Errorf("%s must not import %s: that is for %v", pkg, imported, users)
		}
	}
}
