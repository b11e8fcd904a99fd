package backup

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

// expectation is what a real file is expected to say; testdata/README.md.
type expectation struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256,omitempty"`
	Error  Reason `json:"error,omitempty"`
	Media  any    `json:"media,omitempty"`
	Sets   []any  `json:"sets,omitempty"`
}

type expectations struct {
	Files []expectation `json:"files"`
}

var (
	filesFlag  = flag.String("files", "", "folder with real backup files")
	expectFlag = flag.String("expect", "", "JSON file with what they are expected to say")
)

// Real files cannot be kept here. If you have some, compare with them.
func TestRealFiles(t *testing.T) {
	if *filesFlag == "" {
		return
	}
	if *expectFlag == "" {
		logFolder(t, *filesFlag)
		return
	}
	data, err := os.ReadFile(*expectFlag)
	if err != nil {
		t.Fatal(err)
	}
	all, err := parseExpectations(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		t.Run(e.File, func(t *testing.T) {
			for _, problem := range compareFile(filepath.Join(*filesFlag, filepath.FromSlash(e.File)), e) {
				t.Error(problem)
			}
		})
	}
}

func parseExpectations(data []byte) ([]expectation, error) {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	var all expectations
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	if len(all.Files) == 0 {
		return nil, fmt.Errorf("no file in it")
	}
	return all.Files, nil
}

// readFileAt reads one file, and sums it.
func readFileAt(path string) (m *Media, sum string, readErr error, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, "", nil, err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return nil, "", nil, err
	}
	m, readErr = Read(f, info.Size())
	return m, fmt.Sprintf("%x", hash.Sum(nil)), readErr, nil
}

func compareFile(path string, e expectation) []string {
	m, sum, readErr, err := readFileAt(path)
	switch {
	case err != nil:
		return []string{err.Error()}
	case e.SHA256 != "" && !strings.EqualFold(e.SHA256, sum):
		return []string{"another file: its sha256 is " + sum}
	case e.Error != "" && (readErr == nil || reason(readErr) != e.Error):
		return []string{fmt.Sprintf("error is %v, want %s", readErr, e.Error)}
	case e.Error != "":
		return nil
	case readErr != nil:
		return []string{readErr.Error()}
	}
	var problems []string
	if e.Media != nil {
		problems = compare("media", asJSON(m), e.Media)
	}
	if e.Sets != nil {
		problems = append(problems, compare("sets", asJSON(m.Sets), e.Sets)...)
	}
	return problems
}

// compare compares what was read with what is expected: only the keys that are
// wanted, but all elements of a list.
func compare(at string, got, want any) (problems []string) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		for key, value := range want {
			if _, exists := object[key]; !ok || !exists {
				problems = append(problems, at+"."+key+": there is no such key")
				continue
			}
			problems = append(problems, compare(at+"."+key, object[key], value)...)
		}
		slices.Sort(problems)
		return problems
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return []string{fmt.Sprintf("%s: %d elements, want %d", at, len(list), len(want))}
		}
		for i := range want {
			problems = append(problems, compare(fmt.Sprintf("%s[%d]", at, i), list[i], want[i])...)
		}
		return problems
	}
	if !reflect.DeepEqual(got, want) {
		return []string{fmt.Sprintf("%s is %v, want %v", at, got, want)}
	}
	return nil
}

func asJSON(v any) (out any) {
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		panic(err)
	}
	return out
}

// logFolder writes down what all files of a folder say.
func logFolder(t *testing.T, folder string) {
	var all expectations
	requests, most := 0, 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(folder, path)
		m, sum, readErr, err := readFileAt(path)
		if err != nil {
			return err
		}
		e := expectation{File: filepath.ToSlash(name), SHA256: sum}
		if readErr != nil {
			t.Logf("%s: %v", name, readErr)
			e.Error = reason(readErr)
		} else {
			e.Media = asJSON(m)
			e.Sets, _ = asJSON(m.Sets).([]any)
			delete(e.Media.(map[string]any), "Sets")
			requests, most = requests+m.Requests, max(most, m.Requests)
		}
		all.Files = append(all.Files, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d requests, %d at most for one\n%s", len(all.Files), requests, most, data)
}

// The comparison itself, on files that the tests write.
func TestCompareFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "ims.bak")
	if err := os.WriteFile(path, backuptest.Sample().Compressed(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, sum, _, err := readFileAt(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ json, want string }{
		{`{"file":"x","sha256":"` + sum + `","media":{"Complete":true},"sets":[{"FirstLSN":"42000000851200037","FileList":[{"Type":"D"},{},{"LogicalName":"ims_log"}]}]}`, ""},
		{`{"file":"x","sha256":"00"}`, "another file"},
		{`{"file":"x","error":"encrypted"}`, "error is <nil>, want encrypted"},
		{`{"file":"x","media":{"Complete":false}}`, "media.Complete is true, want false"},
		{`{"file":"x","sets":[]}`, "sets: 1 elements, want 0"},
		{`{"file":"x","sets":[{"FirstLSN":"1"}]}`, "sets[0].FirstLSN is 42000000851200037, want 1"},
		{`{"file":"x","sets":[{"FirstLsn":"1"}]}`, "sets[0].FirstLsn: there is no such key"},
		{`{"file":"x","sets":[{"FileList":[{"Type":"L"},{},{}]}]}`, "sets[0].FileList[0].Type is D, want L"},
	} {
		all, err := parseExpectations([]byte(`{"files":[` + test.json + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(compareFile(path, all[0]), "\n")
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s:\n%s, want %q", test.json, got, test.want)
		}
	}
	for _, data := range []string{``, `{}`, `{"files":[]}`, `{"files":[{"name":"x"}]}`} {
		if _, err := parseExpectations([]byte(data)); err == nil {
			t.Errorf("%q is taken", data)
		}
	}
	logFolder(t, folder)
}

// The example of the page can be read.
func TestExpectationsOfTheREADME(t *testing.T) {
	page, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	example, _, _ := strings.Cut(rest, "```")
	all, err := parseExpectations([]byte(example))
	if err != nil || len(all) != 2 || compare("", asJSON(wantSet(t)), withoutFiles(all[0].Sets[0])) != nil {
		t.Errorf("%v, %+v", err, all)
	}
}

func withoutFiles(set any) any {
	delete(set.(map[string]any), "FileList")
	return set
}
