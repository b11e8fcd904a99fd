package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/migplan/migplan/internal/backuptest"
)

// backup FILE TYPE [KEY=VALUE...] writes a backup file of the database ims. The
// full begins at block 8512 and ends at 8536. Keys: first, last (blocks of
// LSNs), db, flags, stripe (of two), cut (bytes lost at the end), form
// (compressed), front (2019: other LSNs at the front), pages (of data, 8 KiB
// each).
func backupCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: backup FILE TYPE [KEY=VALUE...]")
	}
	values := map[string]string{}
	for _, arg := range args[2:] {
		key, value, _ := strings.Cut(arg, "=")
		values[key] = value
	}
	file := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(file), 0o777))
	ts.Check(os.WriteFile(file, backupBytes(args[1], values), 0o666))
}

func backupBytes(kind string, values map[string]string) []byte {
	if kind == "encrypted" {
		return append([]byte(backuptest.ContainerHead(2, 7)), make([]byte, 8192)...)
	}
	p := backupOf(kind, values)
	data := p.Plain()
	if values["form"] == "compressed" {
		data = p.Compressed()
	}
	return data[:len(data)-asInt(values["cut"])]
}

func asInt(text string) int {
	n, _ := strconv.ParseInt(text, 0, 64)
	return int(n)
}

func backupOf(kind string, values map[string]string) backuptest.File {
	p := backuptest.Sample()
	if values["front"] == "2019" {
		p = p.Of2019()
	}
	if n := asInt(values["stripe"]); n > 0 {
		p.Media.Stripes, p.Media.Stripe = 2, n
	}
	if kind == "two" {
		return twoSets(p)
	}
	if kind != "full" {
		p.Sets[0] = following(p.Sets[0], kind, asInt(values["first"]), asInt(values["last"]))
	}
	if n := asInt(values["pages"]); n > 0 {
		p.Sets[0].Pages = n
	}
	for _, h := range []*backuptest.Header{&p.Sets[0].Front, &p.Sets[0].Tail} {
		h.Flags |= uint32(asInt(values["flags"]))
		if db := values["db"]; db != "" {
			h.Database, h.Family = db, "0"+h.Family[1:]
		}
	}
	return p
}

// following is a log or a differential behind the sample's full backup.
func following(s backuptest.Set, kind string, first, last int) backuptest.Set {
	letters := map[string]byte{"log": 'L', "differential": 'I'}
	guid := fmt.Sprintf("%08X-0000-0000-0000-%012X", first, last)
	change := func(h *backuptest.Header) {
		h.Letter = letters[kind]
		h.First, h.Last = backuptest.LSN{42, first, 1}, backuptest.LSN{42, last, 1}
		h.BackupGUID, h.BaseGUID, h.Backup = s.SetGUID, s.SetGUID, s.Tail.Checkpoint
		h.Base = s.Tail.Checkpoint
		h.Started = backuptest.Date{2027, 2, 28, 22, (last - 8500) / 10, 0}
	}
	change(&s.Front)
	change(&s.Tail)
	s.Tail.Finished = backuptest.Date{2027, 2, 28, 22, (last - 8500) / 10, 5}
	s.Started, s.SetGUID, s.Name, s.Pages = s.Tail.Started, guid, "ims "+kind, 0
	return s
}

// twoSets is a full and a log in one file.
func twoSets(p backuptest.File) backuptest.File {
	second := following(p.Sets[0], "log", 8512, 8600)
	second.Position = 2
	p.Sets = append(p.Sets, second)
	return p
}
