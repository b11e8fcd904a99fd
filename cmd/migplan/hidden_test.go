package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/internal/view"
)

// hostile is a text that steers a terminal, turns the order of reading around
// and begins a line of its own.
const hostile = "a\nFORGED: ok\r\x1b[2J\u009b31m\u202e\u2028\u0085\u2066\u200b\U000e0041\x7f"

// hostileWorld is a folder with a plan of a hostile name, whose ledger holds
// hostile text of DRS and of a person; and plans that are invalid or warned of.
func hostileWorld(t *testing.T) (file string) {
	t.Helper()
	fails := drssim.Fault{Kind: "job-failed", N: 1, Arg: hostile}
	endpoint, stop, err := serve(drssim.New(drssim.Config{Faults: []drssim.Fault{fails}}), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	t.Chdir(t.TempDir())
	t.Setenv("MIGPLAN_AUTH_TOKEN", "any")
	t.Setenv("MIGPLAN_ENDPOINT", endpoint.String())
	t.Setenv("MIGPLAN_LEDGER", "ledger"+hostile)
	t.Setenv("USER", hostile)
	file = filepath.Join("plans", hostile+".yaml")
	writeFile(t, file, oneFull)
	writeFile(t, filepath.Join("broken", hostile+".yaml"), oneFull+"name: x\n")
	writeFile(t, filepath.Join("warned", hostile+".yaml"), strings.Replace(oneFull, "name: ims-prod\n", "name: ims-warned\ndescription: it's\n", 1))
	log := map[string]string{"db": hostile, "first": "8600", "last": "8700"}
	writeFile(t, filepath.Join("backups", hostile+".bak"), string(backupBytes("full", log)))
	writeFile(t, filepath.Join("backups", hostile+".trn"), string(backupBytes("log", log)))
	command("apply", "--wait", "--timeout", "20s", file)
	command("hold", "--reason", hostile, file)
	return file
}

const oneFull = `version: 1
name: ims-prod
target:
  region: ap-southeast-3
  project_id: "054ba152d480d55b2f5dc0069e7ddef0"
  instance_id: "0a3182607bc549bcb46cc9a8755761a6in04"
source:
  obs: {bucket: zyy-obs}
databases: [ims]
backups:
  - full: ims.bak
`

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func command(args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return out.String(), errs.String(), code
}

func TestNoOutputHasAHiddenCharacter(t *testing.T) {
	file := hostileWorld(t)
	for _, args := range [][]string{
		{"validate", file}, {"validate", "-o", "json", file}, {"validate", "-o", "github", file},
		{"validate", "broken"}, {"validate", "-o", "json", "broken"}, {"validate", "-o", "github", "broken"},
		{"validate", "warned"}, {"validate", "-o", "github", "--strict", "warned"}, {"validate", "missing" + hostile},
		{"plan", file, "broken"}, {"plan", "-o", "json", file, "broken"}, {"plan", "-o", "markdown", file, "broken", "warned"},
		{"apply", file, "broken"}, {"apply", "-o", "json", file, "broken"}, {"apply", "--dry-run", file}, {"apply", "-v", file},
		{"status", file, "broken"}, {"status", "-o", "json", file, "broken"},
		{"history", file}, {"history", "-o", "json", file}, {"history", "--ledger", "none" + hostile, file},
		{"hold", "--reason", hostile, file}, {"release", "--reason", hostile, file}, {"retry", "--reason", hostile, file, "1"},
		{"resolve", "--reason", hostile, "--ignore-job", hostile, file}, {"adopt", "--reason", hostile, file, "1", hostile},
		{"apply", file}, {"status", file}, {"status", "-o", "json", file}, {"whoami", file},
		{"rehearse", "--restore-time", "20ms", file}, {"rehearse", "--restore-time", "20ms", "--fault", "job-failed@1:" + hostile, file},
		{"inspect", "backups", "broken"}, {"inspect", "-o", "json", "backups", "broken"}, {"inspect", "missing" + hostile},
		{"validate", "-o", hostile, file}, {hostile}, {"help", hostile}, {"plan", "--" + hostile},
	} {
		stdout, stderr, _ := command(args...)
		for _, text := range []string{stdout, stderr} {
			if i := strings.IndexFunc(text, hiddenOnScreen); i >= 0 {
				t.Errorf("%q shows %+q", args, text[max(0, i-60):min(len(text), i+20)])
			}
			if strings.HasPrefix(text, "FORGED") || strings.Contains(text, "\nFORGED") {
				t.Errorf("%q lets a name begin a line:\n%s", args, text)
			}
		}
		if args[len(args)-1] != file && stdout+stderr == "" {
			t.Errorf("%q shows nothing", args)
		}
	}
}

func hiddenOnScreen(r rune) bool {
	return r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point))
}

func TestJSONKeepsTheValueOfWhatItEscapes(t *testing.T) {
	file := hostileWorld(t)
	stdout, _, _ := command("status", "-o", "json", file)
	var out view.PlansJSON
	if err := json.Unmarshal([]byte(stdout), &out); err != nil {
		t.Fatal(err)
	}
	if got := out.Plans[0].File; got != file {
		t.Errorf("file is %+q, want %+q", got, file)
	}
	if got := out.Plans[0].Steps[0].ErrorLog; !strings.Contains(got, "\u009b31m\u202e\u2028") {
		t.Errorf("error_log is %+q", got)
	}
	for _, escaped := range []string{`\u009b`, `\u202e`, `\u2028`, `\u0085`, `\u2066`, `\u200b`, `\udb40\udc41`, `\u007f`} {
		if !strings.Contains(stdout, escaped) {
			t.Errorf("no %s in the output", escaped)
		}
	}
}

func TestGitHubAnnotationIsOneLine(t *testing.T) {
	hostileWorld(t)
	stdout, _, _ := command("validate", "-o", "github", "broken")
	if lines := strings.Count(stdout, "\n"); lines != 1 {
		t.Errorf("%d lines:\n%s", lines, stdout)
	}
	if want := "::error file=broken/a%0AFORGED%3A ok%0D"; !strings.HasPrefix(stdout, want) {
		t.Errorf("%+q does not begin with %q", stdout, want)
	}
}

var writesItself = regexp.MustCompile(`fmt\.Fprint\w*\((?:a\.std(?:out|err)|w),|\bw\.Write\(`)

// What reaches a person is cleaned in terminal.go, and what reaches a program is
// escaped in json.go.
func TestTextIsWrittenInOnePlace(t *testing.T) {
	files, err := filepath.Glob("*.go")
	views, viewErr := filepath.Glob("../../internal/view/*.go")
	if err != nil || viewErr != nil || len(files) == 0 || len(views) == 0 {
		t.Fatal(files, views, err, viewErr)
	}
	for _, file := range append(files, views...) {
		switch name := filepath.Base(file); {
		case strings.HasSuffix(name, "_test.go"), name == "terminal.go", name == "json.go":
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := writesItself.Find(data); found != nil {
			t.Errorf("%s has %s: use Line or Table, which clean what they write", file, found)
		}
	}
}
