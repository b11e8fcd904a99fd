package verify

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/plan"
)

// Lock names the files of a plan by what they were when somebody reviewed
// them: go.sum for backups.
type Lock struct {
	Version int     `json:"version"` // 1
	Plan    string  `json:"plan"`    // the plan's name
	Files   []Entry `json:"files"`   // in the order of the plan

	byKey map[string]*Entry
}

// Entry is one file of a lock.
type Entry struct {
	Key   string       `json:"key"`            // whole object key
	Size  int64        `json:"size"`           // in bytes
	ETag  string       `json:"etag,omitempty"` // none in a lock that was made from a folder
	Grade backup.Grade `json:"grade"`          // of the header when it was locked
	Sets  []EntrySet   `json:"sets,omitempty"` // none where the file cannot be read
}

// EntrySet is one backup set of a locked file.
type EntrySet struct {
	SetGUID  backup.GUID `json:"set_guid"`
	Database string      `json:"database"`
	Type     string      `json:"type"` // full, log
	FirstLSN backup.LSN  `json:"first_lsn"`
	LastLSN  backup.LSN  `json:"last_lsn"`
	Finished string      `json:"finished,omitempty"` // with the offset of the server's clock where that is known
}

const lockVersion = 1

// maxLock is the largest lock that is read, in bytes.
const maxLock = 64 << 20

// LockFile is where the lock of a plan file is: beside it.
func LockFile(planFile string) string {
	return strings.TrimSuffix(planFile, filepath.Ext(planFile)) + ".lock.json"
}

// ReadLock reads a lock of the plan named name.
func ReadLock(r io.Reader, name string) (*Lock, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxLock+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxLock {
		return nil, errors.New("it is larger than 64 MiB")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	l := &Lock{}
	if err := d.Decode(l); err != nil {
		return nil, notALock(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	if err := cmp.Or(l.check(name), l.isWritten(data)); err != nil {
		return nil, err
	}
	return l, nil
}

// notALock says it without the names of Go's types.
func notALock(err error) error {
	var e *json.UnmarshalTypeError
	if errors.As(err, &e) {
		return fmt.Errorf("it has a JSON %s where it must have something else, near byte %d", e.Value, e.Offset)
	}
	return err
}

// isWritten refuses what encoding/json reads as something else than a reviewer
// does: a key that is there twice, or in other letters. Only space may differ.
func (l *Lock) isWritten(data []byte) error {
	own, err := l.Bytes()
	if err != nil {
		return err
	}
	var got, want bytes.Buffer
	if err := errors.Join(json.Compact(&got, data), json.Compact(&want, own)); err != nil {
		return err
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		return errors.New("it is not as migplan lock writes it: a key is there twice, is spelled differently, or is in another place")
	}
	return nil
}

func (l *Lock) check(name string) error {
	switch {
	case l.Version != lockVersion:
		return fmt.Errorf("its version is %d, and %d is known", l.Version, lockVersion)
	case l.Plan != name:
		return fmt.Errorf("it is the lock of plan %q, not of %q", l.Plan, name)
	}
	l.byKey = make(map[string]*Entry, len(l.Files))
	for i := range l.Files {
		e := &l.Files[i]
		if e.Key == "" || l.byKey[e.Key] != nil {
			return fmt.Errorf("file %d has no key, or one that is there twice: %q", i+1, e.Key)
		}
		if e.Size < 0 {
			return fmt.Errorf("file %d has a negative size: %d", i+1, e.Size)
		}
		l.byKey[e.Key] = e
	}
	return nil
}

// NewLock is the lock of files that were checked.
func NewLock(p *plan.Plan, files []Checked) *Lock {
	l := &Lock{Version: lockVersion, Plan: p.Name, Files: []Entry{}}
	for _, c := range files {
		l.Files = append(l.Files, c.Entry())
	}
	_ = l.check(p.Name) // a checked plan names no object twice
	return l
}

// Entry is the file as a lock has it.
func (c Checked) Entry() Entry {
	e := Entry{Key: c.Key, Size: c.Object.Size, ETag: c.Object.ETag, Grade: c.Backup.Grade()}
	for _, b := range c.Backup.Split() {
		s := b.Set()
		e.Sets = append(e.Sets, EntrySet{s.BackupSetGUID, s.DatabaseName, s.BackupType.String(), s.FirstLSN, s.LastLSN, Finished(s)})
	}
	return e
}

// Entry is the file with this key, nil where the lock does not have it.
func (l *Lock) Entry(key string) *Entry {
	if l == nil {
		return nil
	}
	return l.byKey[key]
}

// differs says in what a file is not the one that was locked, "" where it is.
// ETags are compared where both are known.
func (e *Entry) differs(now Entry) string {
	switch {
	case e.Size != now.Size:
		return fmt.Sprintf("its size was %d bytes and is %d", e.Size, now.Size)
	case e.ETag != "" && now.ETag != "" && e.ETag != now.ETag:
		return fmt.Sprintf("its ETag was %s and is %s", e.ETag, now.ETag)
	case !slices.Equal(e.Sets, now.Sets):
		return "its header is another: " + setsText(e.Sets) + " then, " + setsText(now.Sets) + " now"
	}
	return ""
}

func setsText(sets []EntrySet) string {
	if len(sets) == 0 {
		return "unreadable"
	}
	var out []string
	for _, s := range sets {
		out = append(out, fmt.Sprintf("%s of %q, LSN %s to %s, set %s", s.Type, s.Database, s.FirstLSN, s.LastLSN, s.SetGUID))
	}
	return strings.Join(out, " and ")
}

// findings is what a lock says of a file that was read.
func (l *Lock) findings(c Checked) []Finding {
	if l == nil || c.Err != nil {
		return nil
	}
	e := l.Entry(c.Key)
	if e == nil {
		return []Finding{c.finding(FindNotLocked, backup.Error, "the lock does not have it", "run migplan lock, and review its change with that of the plan")}
	}
	if what := e.differs(c.Entry()); what != "" {
		return []Finding{c.finding(FindLockChanged, backup.Error, "it is not the file that was locked: "+what,
			"find out who replaced it; if it is right, run migplan lock --update and review the change")}
	}
	return nil
}

// Bytes is the lock as a file: one line for each backup file, so that a diff
// shows which one is new or changed. Equal locks have equal bytes.
func (l *Lock) Bytes() ([]byte, error) {
	name, err := json.Marshal(l.Plan)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n  \"version\": %d,\n  \"plan\": %s,\n  \"files\": [", l.Version, name)
	for i, e := range l.Files {
		var line bytes.Buffer
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e); err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    " + strings.TrimSpace(line.String()))
	}
	b.WriteString("\n  ]\n}\n")
	return b.Bytes(), nil
}

// IsSame reports that the two are the same file, the space in it apart.
func (l *Lock) IsSame(m *Lock) bool {
	if l == nil {
		return false
	}
	a, errA := l.Bytes()
	b, errB := m.Bytes()
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// Update gives the lock to write over old, which may be nil. changed names the
// files that are no longer those of old, and in what.
func (l *Lock) Update(old *Lock) (merged *Lock, changed []string) {
	out := &Lock{Version: l.Version, Plan: l.Plan, Files: slices.Clone(l.Files)}
	for i := range out.Files {
		now := &out.Files[i]
		was := old.Entry(now.Key)
		if was == nil {
			continue
		}
		if what := was.differs(*now); what != "" {
			changed = append(changed, now.Key+": "+what)
		} else if now.ETag == "" {
			now.ETag = was.ETag // a folder has none, and the file is the same
		}
	}
	_ = out.check(out.Plan)
	return out, changed
}
