package verify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/plan"
)

// memory is a store of bytes, and of what goes wrong with them. It counts.
type memory struct {
	files   map[string][]byte
	objects map[string]Object // what differs from the plain object
	errors  map[string]error  // of Stat and Open
	reading map[string]error  // of ReadAt

	stats, opens, reads, bytes atomic.Int64
	now, most                  atomic.Int64 // files open at a time
}

func (m *memory) Name(key string) string { return "mem://" + key }

func (m *memory) object(key string) (Object, error) {
	if err := m.errors[key]; err != nil {
		return Object{}, err
	}
	data, ok := m.files[key]
	if !ok {
		return Object{}, &Error{Kind: Missing, Problem: "no such object"}
	}
	o := m.objects[key]
	o.Key, o.Size = key, int64(len(data))
	return o, nil
}

func (m *memory) Stat(_ context.Context, key string) (Object, error) {
	m.stats.Add(1)
	return m.object(key)
}

func (m *memory) List(context.Context, string) ([]Object, error) { return nil, nil }

func (m *memory) Open(_ context.Context, key string) (File, error) {
	m.opens.Add(1)
	o, err := m.object(key)
	if err != nil {
		return nil, err
	}
	m.most.Store(max(m.most.Load(), m.now.Add(1)))
	return &memoryFile{m, o, bytes.NewReader(m.files[key])}, nil
}

type memoryFile struct {
	m *memory
	o Object
	r io.ReaderAt
}

func (f *memoryFile) Object() Object { return f.o }

func (f *memoryFile) Close() error {
	f.m.now.Add(-1)
	return nil
}

func (f *memoryFile) ReadAt(p []byte, off int64) (int, error) {
	f.m.reads.Add(1)
	f.m.bytes.Add(int64(len(p)))
	if err := f.m.reading[f.o.Key]; err != nil {
		return 0, err
	}
	return f.r.ReadAt(p, off)
}

// full and logFile are files of the database ims. The full ends at block 8536.
func full() []byte { return backuptest.Sample().Plain() }

func logFile(first, last int) []byte { return following('L', "ims", first, last) }

func following(letter byte, db string, first, last int) []byte {
	p := backuptest.Sample()
	s := &p.Sets[0]
	for _, h := range []*backuptest.Header{&s.Front, &s.Tail} {
		h.Letter, h.Database = letter, db
		h.First, h.Last = backuptest.LSN{42, first, 1}, backuptest.LSN{42, last, 1}
		h.BackupGUID, h.BaseGUID, h.Backup, h.Base = s.SetGUID, s.SetGUID, h.Checkpoint, h.Checkpoint
	}
	s.SetGUID, s.Pages = fmt.Sprintf("%08X-0000-0000-0000-%012X", first, last), 0
	return p.Plain()
}

// planOf is a plan of the database ims with a full and these logs.
func planOf(t testing.TB, logs ...string) *plan.Plan {
	t.Helper()
	return planWith(t, "databases: [ims]\n", "full: ims.bak", logs...)
}

func planWith(t testing.TB, keys, first string, logs ...string) *plan.Plan {
	t.Helper()
	text := `version: 1
name: ims-prod
target: {region: ap-southeast-3, project_id: "054ba152d480d55b2f5dc0069e7ddef0", instance_id: "0a3182607bc549bcb46cc9a8755761a6in04"}
source: {obs: {bucket: zyy-obs, prefix: p/}}
` + keys + "backups:\n  - " + first + "\n"
	for _, key := range logs {
		text += "  - incremental: " + key + "\n"
	}
	p, ds := plan.Load("ims.yaml", []byte(text))
	if p == nil {
		t.Fatal(ds)
	}
	return p
}

// shown is the findings that are no news, in one line each.
func shown(r Report) string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%d %s %s %s", f.Step, f.Severity, f.ID, strings.TrimPrefix(f.Key, "p/")))
	}
	return strings.Join(out, "; ")
}

func check(t testing.TB, p *plan.Plan, m *memory) Report {
	t.Helper()
	return Check(t.Context(), p, m, Options{})
}

func grades(r Report) (out []backup.Grade) {
	for _, c := range r.Files {
		out = append(out, c.Backup.Grade())
	}
	return out
}
