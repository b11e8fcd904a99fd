package verify

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/plan"
)

// locked is the lock of a short chain, and its store.
func locked(t *testing.T) (*Lock, *memory, *plan.Plan) {
	t.Helper()
	m := &memory{
		files:   map[string][]byte{"p/ims.bak": full(), "p/1.bak": logFile(8500, 8600)},
		objects: map[string]Object{"p/ims.bak": {ETag: "aa"}, "p/1.bak": {ETag: "bb"}}, errors: map[string]error{},
	}
	p := planOf(t, "1.bak")
	return NewLock(p, check(t, p, m).Files), m, p
}

func TestLockIsReadAsItWasWritten(t *testing.T) {
	l, m, p := locked(t)
	data, err := l.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadLock(bytes.NewReader(data), p.Name)
	if err != nil {
		t.Fatal(err)
	}
	second, _ := again.Bytes()
	fresh, _ := NewLock(p, check(t, p, m).Files).Bytes()
	if !bytes.Equal(data, second) || !bytes.Equal(data, fresh) || strings.Count(string(data), "\n") != 8 {
		t.Errorf("%s\n%s", data, second)
	}
	for n := range data[:len(data)-2] { // the last byte is a newline, the one before the brace
		if _, err := ReadLock(bytes.NewReader(data[:n]), p.Name); err == nil {
			t.Fatalf("a lock cut to %d bytes is taken", n)
		}
	}
	for _, bad := range []string{
		`{"version":1,"plan":"ims-prod","files":[]} {}`, `{"version":2,"plan":"ims-prod","files":[]}`, `{"version":1,"plan":"x","files":[]}`, `[]`,
		`{"version":1,"plan":"ims-prod","files":[{"key":"a"},{"key":"a"}]}`, `{"version":1,"plan":"ims-prod","files":[{}]}`, `{"version":1,"plan":"ims-prod","more":1}`,
	} {
		if _, err := ReadLock(strings.NewReader(bad), p.Name); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// A reviewer must read in a lock what migplan reads in it.
func TestLockThatWasEditedByHand(t *testing.T) {
	l, _, p := locked(t)
	data, err := l.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	for name, text := range map[string]string{
		"other line ends":       strings.ReplaceAll(good, "\n", "\r\n"),
		"one line":              strings.ReplaceAll(good, "\n", " "),
		"a line of its own":     strings.Replace(good, `,"grade"`, ",\n\t\"grade\"", 1),
		"no line end behind it": strings.TrimSpace(good),
	} {
		if _, err := ReadLock(strings.NewReader(text), p.Name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"a size twice":      strings.Replace(good, `"size":`, `"size":1,"size":`, 1),
		"the files twice":   strings.Replace(good, `"files": [`, `"files": [], "files": [`, 1),
		"upper case":        strings.Replace(good, `"size":`, `"SIZE":`, 1),
		"another order":     strings.Replace(good, `"version": 1,`, "", 1)[:len(good)-20] + `], "version": 1}`,
		"a negative size":   strings.Replace(good, `"size":`, `"size":-`, 1),
		"a fraction":        strings.Replace(good, `,"etag"`, `.0,"etag"`, 1),
		"an LSN with zeros": strings.Replace(good, `"first_lsn":"`, `"first_lsn":"00`, 1),
		"no files":          `{"version": 1, "plan": "ims-prod", "files": null}`,
		"a list":            "[]", "a number for a name": `{"version": 1, "plan": 7}`,
	} {
		l, err := ReadLock(strings.NewReader(text), p.Name)
		if err == nil || l != nil || strings.Contains(err.Error(), "verify.") {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
}

func TestLockComparesEachFile(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*memory)
		want   string
	}{
		"nothing":            {func(*memory) {}, ""},
		"a lost ETag":        {func(m *memory) { m.objects = nil }, ""},
		"another ETag":       {func(m *memory) { m.objects["p/1.bak"] = Object{ETag: "cc"} }, "2 error lock-changed 1.bak"},
		"another header":     {func(m *memory) { m.files["p/1.bak"] = logFile(8510, 8600) }, "2 error lock-changed 1.bak"},
		"a missing file":     {func(m *memory) { delete(m.files, "p/1.bak") }, "2 error missing 1.bak"},
		"a file cut shorter": {func(m *memory) { m.files["p/1.bak"] = m.files["p/1.bak"][:7000] }, "2 error lock-changed 1.bak; 2 error truncated 1.bak"},
	} {
		l, m, p := locked(t)
		test.change(m)
		if got := shown(Check(t.Context(), p, m, Options{Lock: l})); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	l, m, _ := locked(t)
	m.files["p/2.bak"] = logFile(8600, 8700)
	if got := shown(Check(t.Context(), planOf(t, "1.bak", "2.bak"), m, Options{Lock: l})); got != "3 error not-locked 2.bak" {
		t.Error(got)
	}
}

func TestLockUpdateKeepsETagsAndNamesWhatChanged(t *testing.T) {
	old, m, p := locked(t)
	m.objects = nil // the same files, in a folder
	merged, changed := NewLock(p, check(t, p, m).Files).Update(old)
	was, _ := old.Bytes()
	is, _ := merged.Bytes()
	if len(changed) > 0 || !bytes.Equal(was, is) {
		t.Errorf("%v\n%s", changed, is)
	}
	m.files["p/1.bak"] = logFile(8510, 8600)
	merged, changed = NewLock(p, check(t, p, m).Files).Update(old)
	if len(changed) != 1 || !strings.HasPrefix(changed[0], "p/1.bak: its header is another") || merged.Entry("p/1.bak").ETag != "" {
		t.Errorf("%v %+v", changed, merged.Entry("p/1.bak"))
	}
	if _, changed := old.Update(nil); len(changed) > 0 {
		t.Error(changed)
	}
}

func TestGate(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*memory)
		want   GateKind
	}{
		"nothing":         {func(*memory) {}, ""},
		"no ETag":         {func(m *memory) { m.objects = nil }, ""},
		"another ETag":    {func(m *memory) { m.objects["p/1.bak"] = Object{ETag: "cc"} }, FileChanged},
		"another size":    {func(m *memory) { m.files["p/1.bak"] = []byte("x") }, FileChanged},
		"gone":            {func(m *memory) { delete(m.files, "p/1.bak") }, FileChanged},
		"denied":          {func(m *memory) { m.errors["p/1.bak"] = &Error{Kind: Denied, Problem: "no"} }, FileDenied},
		"away":            {func(m *memory) { m.errors["p/1.bak"] = &Error{Kind: Unavailable, Problem: "no"} }, FileUnavailable},
		"unknown":         {func(m *memory) { m.errors["p/1.bak"] = errors.New("no") }, FileUnavailable},
		"of another step": {func(m *memory) { delete(m.files, "p/ims.bak") }, ""},
	} {
		l, m, p := locked(t)
		steps, err := plan.Steps(p)
		if err != nil {
			t.Fatal(err)
		}
		test.change(m)
		before := m.reads.Load()
		err = l.Gate(t.Context(), m, steps[1])
		var e *GateError
		if errors.As(err, &e); (err == nil) != (test.want == "") || err != nil && e.Kind != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
		if m.stats.Load() != 1 || m.reads.Load() != before {
			t.Errorf("%s: %d stats, %d reads", name, m.stats.Load(), m.reads.Load()-before)
		}
	}
	l, m, _ := locked(t)
	steps, _ := plan.Steps(planOf(t, "1.bak", "2.bak"))
	var e *GateError
	if err := l.Gate(t.Context(), m, steps[2]); !errors.As(err, &e) || e.Kind != FileNotLocked {
		t.Error(err)
	}
}
