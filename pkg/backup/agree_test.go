package backup

import (
	"bytes"
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

// What cannot change while a backup runs is the same in both headers, so a
// file in which it differs is not whole, compressed or not.
func TestReadComparesTheTwoHeaders(t *testing.T) {
	for field, change := range map[string]func(*backuptest.Header){
		"BackupType":           func(h *backuptest.Header) { h.Letter = 'L' },
		"DatabaseName":         func(h *backuptest.Header) { h.Database = "other" },
		"ServerName":           func(h *backuptest.Header) { h.Server = "OTHER" },
		"FamilyGUID":           func(h *backuptest.Header) { h.Family = backuptest.GUIDUnique },
		"BindingID":            func(h *backuptest.Header) { h.Binding = backuptest.GUIDUnique },
		"RecoveryForkID":       func(h *backuptest.Header) { h.Fork = backuptest.GUIDUnique },
		"DatabaseVersion":      func(h *backuptest.Header) { h.Version++ },
		"SoftwareVersion":      func(h *backuptest.Header) { h.Build++ },
		"DatabaseCreationDate": func(h *backuptest.Header) { h.Created[0]++ },
		"BackupStartDate":      func(h *backuptest.Header) { h.Started[5]-- },
	} {
		p := backuptest.Sample()
		change(&p.Sets[0].Tail)
		checkDiffer(t, field, p)
	}
	for field, change := range map[string]func(*backuptest.Header){
		"DifferentialBaseLSN":  func(h *backuptest.Header) { h.Base[0]++ },
		"DifferentialBaseGUID": func(h *backuptest.Header) { h.BaseGUID = backuptest.GUIDUnique },
	} {
		p := backuptest.Sample()
		p.Sets[0].Front.Letter, p.Sets[0].Tail.Letter = 'I', 'I'
		change(&p.Sets[0].Tail)
		checkDiffer(t, field, p)
	}
}

func checkDiffer(t *testing.T, field string, p backuptest.File) {
	t.Helper()
	for _, file := range []*sparse{large(p, 1<<20), bigContainer(p, smallFile)} {
		delete(file.parts, -1)
		m, err := readAt(t, file, file.size)
		if err != nil || m.Complete || !m.Sets[0].Provisional || !strings.Contains(m.Incomplete, "differ in "+field+":") {
			t.Errorf("%s: %v, %+v", field, err, m)
		}
	}
}

// Of a backup during which the database was used, these differ.
func TestReadAllowsWhatChangesDuringABackup(t *testing.T) {
	p := backuptest.Sample()
	h := &p.Sets[0].Tail
	h.First, h.Last, h.Checkpoint, h.Backup, h.ChainStart = backuptest.LSN{43, 1, 1}, backuptest.LSN{43, 9, 1}, backuptest.LSN{43, 1, 1}, backuptest.LSN{42, 1, 1}, backuptest.LSN{43, 1, 1}
	h.Flags, h.Status, h.BackupGUID = h.Flags|0x20, 4, backuptest.GUIDUnique
	if m := mustRead(t, p.Plain()); !m.Complete || m.Sets[0].Provisional || m.Sets[0].LastLSN != (LSN{43, 9, 1}) {
		t.Errorf("%+v", m)
	}
}

// A header at the front that cannot be read is damage, though all that it says
// is at the end too.
func TestReadDamagedFront(t *testing.T) {
	p := backuptest.Sample().Of2019()
	at := bytes.Index(p.Plain(), []byte("SCIN"))
	for name, change := range map[string]func(b backuptest.Buf){
		"a name outside":  func(b backuptest.Buf) { b.U16(0x68, 60_000) },
		"an unknown type": func(b backuptest.Buf) { b.U8(0x57, 'X') },
		"another tag":     func(b backuptest.Buf) { copy(b, "SCIX") },
	} {
		data := p.Plain()
		change(backuptest.Buf(data[at:]))
		m := mustRead(t, data)
		if m.Complete || !strings.Contains(m.Incomplete, "the header at its front is damaged: ") || m.Sets[0].Provisional || m.Sets[0].LastLSN != (LSN{42, 8536, 1}) {
			t.Errorf("%s: %+v", name, m)
		}
		if all := CheckChain([]Backup{{Name: "a", Media: m}}, Options{}); len(all) != 1 || all[0].ID != FindIncomplete {
			t.Errorf("%s: %+v", name, all)
		}
	}
}
