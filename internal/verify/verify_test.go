package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/backup"
)

// TestCheck is long because it contains a table.
func TestCheck(t *testing.T) {
	chain := func() map[string][]byte {
		return map[string][]byte{"p/ims.bak": full(), "p/1.bak": logFile(8500, 8600), "p/2.bak": logFile(8600, 8700)}
	}
	for _, test := range []struct {
		name   string
		change func(*memory)
		want   string
		class  string // what the report comes to
	}{
		{"whole", func(*memory) {}, "", "ok"},
		{"missing", func(m *memory) { delete(m.files, "p/1.bak") }, "2 error missing 1.bak", "invalid"},
		{"denied", func(m *memory) { m.errors["p/1.bak"] = &Error{Kind: Denied, Problem: "no"} }, "2 error denied 1.bak", "denied"},
		{"unavailable", func(m *memory) { m.errors["p/1.bak"] = &Error{Kind: Unavailable, Problem: "no"} }, "2 error unavailable 1.bak", "unavailable"},
		{"an error of no kind", func(m *memory) { m.reading["p/1.bak"] = errors.New("no") }, "2 error unavailable 1.bak", "unavailable"},
		{"replaced while it was read", func(m *memory) { m.reading["p/1.bak"] = &Error{Kind: Changed, Problem: "no"} }, "2 error unavailable 1.bak", "unavailable"},
		{"archived", func(m *memory) { m.objects["p/1.bak"] = Object{Archived: true, StorageClass: "COLD"} }, "2 error archived 1.bak", "invalid"},
		{"warm", func(m *memory) { m.objects["p/1.bak"] = Object{StorageClass: "WARM"} }, "2 warning storage-class 1.bak", "ok"},
		{"KMS", func(m *memory) { m.objects["p/1.bak"] = Object{Encryption: "kms"} }, "2 error kms-encrypted 1.bak", "invalid"},
		{"KMS that cannot be read", func(m *memory) {
			m.objects["p/1.bak"] = Object{Encryption: "kms"}
			m.reading["p/1.bak"] = &Error{Kind: Denied, Problem: "no"}
		}, "2 error kms-encrypted 1.bak", "invalid"},
		{"OBS's own key", func(m *memory) { m.objects["p/1.bak"] = Object{Encryption: "AES256"} }, "", "ok"},
		{"empty", func(m *memory) { m.files["p/1.bak"] = nil }, "2 error empty 1.bak; 2 warning not-proved 1.bak", "invalid"},
		{"longer than its header", func(m *memory) { m.files["p/1.bak"] = append(m.files["p/1.bak"], "more"...) }, "2 error trailing-bytes 1.bak", "invalid"},
		{"a gap", func(m *memory) { m.files["p/1.bak"] = logFile(8537, 8600) }, "2 error log-missing 1.bak", "invalid"},
		{"in the wrong order", func(m *memory) { m.files["p/1.bak"], m.files["p/2.bak"] = m.files["p/2.bak"], m.files["p/1.bak"] },
			"2 error log-missing 1.bak; 3 error log-too-early 2.bak", "invalid"},
		{"a full as a log", func(m *memory) { m.files["p/1.bak"] = full() }, "2 error wrong-type 1.bak; 3 error log-missing 2.bak", "invalid"},
		{"a log as the full", func(m *memory) { m.files["p/ims.bak"] = logFile(8400, 8550) }, "1 error wrong-type ims.bak; 2 info overlap 1.bak", "invalid"},
		{"a part of the database", func(m *memory) { m.files["p/1.bak"] = following('F', "ims", 8536, 8600) }, "2 error wrong-type 1.bak; 3 error log-missing 2.bak", "invalid"},
		{"a differential", func(m *memory) { m.files["p/1.bak"] = following('I', "ims", 8540, 8650) }, "2 error differential 1.bak", "invalid"},
		{"another database", func(m *memory) { m.files["p/1.bak"] = following('L', "crm", 8500, 8600) }, "2 error wrong-database 1.bak; 3 error log-missing 2.bak", "invalid"},
		{"another case", func(m *memory) { m.files["p/1.bak"] = following('L', "IMS", 8500, 8600) }, "2 error name-case 1.bak", "invalid"},
		{"all of it missing", func(m *memory) { clear(m.files) }, "1 error missing ims.bak; 2 error missing 1.bak; 3 error missing 2.bak", "invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := &memory{files: chain(), objects: map[string]Object{}, errors: map[string]error{}, reading: map[string]error{}}
			test.change(m)
			r := check(t, planOf(t, "1.bak", "2.bak"), m)
			if got := shown(r); got != test.want {
				t.Errorf("is   %s\nwant %s", got, test.want)
			}
			class := map[bool]string{true: "invalid"}[r.Invalid()] + map[bool]string{true: "denied"}[r.Denied()] + map[bool]string{true: "unavailable"}[r.Unavailable()]
			if class == "" {
				class = "ok"
			}
			if class != test.class || m.now.Load() != 0 {
				t.Errorf("%s, want %s; %d files are open", class, test.class, m.now.Load())
			}
		})
	}
}

// A file that is cut anywhere is never proved, and never a silent nothing.
func TestCheckOfAFileCutAnywhere(t *testing.T) {
	whole := logFile(8500, 8600)
	p := planOf(t, "1.bak")
	for n := 0; n < len(whole); n += 61 {
		r := check(t, p, &memory{files: map[string][]byte{"p/ims.bak": full(), "p/1.bak": whole[:n]}})
		if !r.Invalid() || grades(r)[1] == backup.Proved || len(r.Files) != 2 {
			t.Errorf("cut to %d of %d bytes: %s, %s", n, len(whole), grades(r), shown(r))
		}
	}
}

func TestCheckOfAllDatabases(t *testing.T) {
	m := &memory{files: map[string][]byte{
		"p/ims.bak": full(), "p/crm.bak": following('D', "crm", 8512, 8536),
		"p/i1.bak": logFile(8500, 8600), "p/c1.bak": following('L', "crm", 8500, 8600),
	}}
	p := planWith(t, "databases: all\n", "full: [ims.bak, crm.bak]", "[c1.bak, i1.bak]")
	r := check(t, p, m)
	if shown(r) != "" || len(r.Databases) != 2 || r.Databases[0].Name != "ims" || r.Databases[1].Name != "crm" {
		t.Errorf("%s: %+v", shown(r), r.Databases)
	}
	m.files["p/c1.bak"] = following('L', "hr", 8500, 8600)
	if got := shown(check(t, p, m)); got != "2 error wrong-database c1.bak" {
		t.Error(got)
	}
	m.files["p/c1.bak"] = []byte("text")
	if got := shown(check(t, p, m)); got != "2 error not-a-backup c1.bak; 2 warning not-proved c1.bak" {
		t.Error(got)
	}
}

// A file that cannot be read is reported once, whether it may belong to several
// databases or to none.
func TestCheckReportsEachUnreadableFileOnce(t *testing.T) {
	m := &memory{files: map[string][]byte{
		"p/ims.bak": full(), "p/crm.bak": following('D', "crm", 8512, 8536), "p/a.bak": []byte("text"), "p/b.bak": []byte("text"),
	}}
	p := planWith(t, "databases: [ims, crm]\n", "full: [ims.bak, crm.bak]", "[a.bak, b.bak]")
	if got := shown(check(t, p, m)); got != "2 error not-a-backup a.bak; 2 error not-a-backup b.bak; 2 warning not-proved b.bak" {
		t.Error(got)
	}
	p = planWith(t, "databases: all\n", "full: [ims.bak, a.bak]")
	if r := check(t, p, m); shown(r) != "1 error not-a-backup a.bak" || len(r.Databases) != 1 {
		t.Error(shown(r))
	}
}

// After several files in a row without an answer the rest is not asked for.
func TestCheckGivesUpOnASilentStore(t *testing.T) {
	m := &memory{errors: map[string]error{}}
	var logs []string
	for i := range 300 {
		logs = append(logs, fmt.Sprintf("%d.bak", i))
	}
	for _, key := range append(logs, "ims.bak") {
		m.errors["p/"+key] = &Error{Kind: Unavailable, Problem: "no answer"}
	}
	r := check(t, planOf(t, logs...), m)
	if n := m.opens.Load(); n < maxSilent || n > maxSilent+readers || len(r.Files) != 301 || !r.Unavailable() || r.Invalid() {
		t.Errorf("%d files were opened; %d findings", n, len(r.Findings))
	}
}

// Single files without an answer do not end it.
func TestCheckGoesOnAfterSingleSilentFiles(t *testing.T) {
	m, p := longChain(t, 200)
	m.errors = map[string]error{}
	for i := 0; i < 200; i += 8 {
		m.errors[fmt.Sprintf("p/LOG/%04d.bak", i)] = &Error{Kind: Unavailable, Problem: "no answer"}
	}
	if check(t, p, m); m.opens.Load() != 201 {
		t.Errorf("%d files were opened, want all 201", m.opens.Load())
	}
}

// A differential that fills a gap of the logs is needed; one between logs that
// follow one another is not.
func TestCheckSaysWhetherADifferentialIsNeeded(t *testing.T) {
	for first, want := range map[int]string{8600: "remove it: it is not needed", 8640: "use the log backups since the full"} {
		m := &memory{files: map[string][]byte{
			"p/ims.bak": full(), "p/1.bak": logFile(8500, 8600), "p/d.bak": following('I', "ims", 8560, 8650), "p/2.bak": logFile(first, 8700),
		}}
		r := check(t, planOf(t, "1.bak", "d.bak", "2.bak"), m)
		if shown(r) != "3 error differential d.bak" || !strings.HasPrefix(r.Findings[0].Action, want) {
			t.Errorf("%d: %s: %+v", first, shown(r), r.Findings)
		}
		accepts := planWith(t, "databases: [ims]\naccept: [differential]\n", "full: ims.bak", "1.bak", "d.bak", "2.bak")
		if got := shown(check(t, accepts, m)); got != map[int]string{8600: "3 info differential-not-needed d.bak"}[first] {
			t.Errorf("%d, accepted: %s", first, got)
		}
	}
}

func TestCheckReadsAFewFilesAtATime(t *testing.T) {
	m, p := longChain(t, 500)
	var seen []int
	r := Check(t.Context(), p, m, Options{Progress: func(done, total int) {
		if done == total {
			seen = append(seen, total)
		}
	}})
	if shown(r) != "" || m.most.Load() > readers || !slices.Equal(seen, []int{501}) {
		t.Errorf("%.200s; %d files were open at a time; %v", shown(r), m.most.Load(), seen)
	}
	for i, c := range r.Files {
		if c.Step != i+1 || !strings.HasPrefix(c.Key, "p/") || c.Backup.Name != c.Key {
			t.Fatalf("file %d is %d %s", i, c.Step, c.Key)
		}
	}
}

func TestCheckEndsOnASignal(t *testing.T) {
	m, p := longChain(t, 100)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := Check(ctx, p, m, Options{}); m.opens.Load() != 0 || !r.Unavailable() || r.Invalid() {
		t.Errorf("%d files were opened: %s", m.opens.Load(), shown(r))
	}
}
