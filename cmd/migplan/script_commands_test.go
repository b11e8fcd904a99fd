package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/migplan/migplan/pkg/ledger"
)

// printed finds the commands in what a stop says to do next. None of them has
// a semicolon or a dot behind a word in it.
var printed = regexp.MustCompile(`migplan (?:apply|adopt|resolve|retry|release|close|status|whoami|history) [^;\n]*?(?:[;\n]|\. |, and |$)`)

// paste N [OLD=NEW...] runs the Nth command that the last stop printed, with
// the words in capitals replaced, and wants exit code 0; `! paste` wants another.
func paste(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(append(args, "")[0])
	ts.Check(err)
	_, next, ok := strings.Cut(ts.ReadFile("stderr"), "next:")
	if !ok {
		ts.Fatalf("the last command printed nothing to do next")
	}
	commands := printed.FindAllString(next, -1)
	if n < 1 || n > len(commands) {
		ts.Fatalf("no command %d in %q", n, commands)
	}
	words := strings.Fields(strings.TrimRight(commands[n-1], ";.\n"))
	for i, w := range words {
		for _, r := range args[1:] {
			if was, is, _ := strings.Cut(r, "="); w == was {
				words[i] = is
			}
		}
	}
	ts.Logf("[pasted] %s", strings.Join(words, " "))
	if code := exitCodeOf(ts, ts.Exec(words[0], words[1:]...)); (code != 0) != neg {
		ts.Fatalf("pasted %q: exit code %d", strings.Join(words, " "), code)
	}
}

// json FILE PATH VALUE wants a value at a.0.b; with =NAME it goes into the
// environment; `! json FILE PATH` wants nothing there.
func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: json FILE PATH VALUE")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	got, ok := at(v, strings.Split(args[1], "."))
	switch {
	case ok == neg:
		ts.Fatalf("%s is there: %t", args[1], ok)
	case neg || len(args) == 2:
	case strings.HasPrefix(args[2], "="):
		ts.Setenv(args[2][1:], got)
	case got != args[2]:
		ts.Fatalf("%s is %s, want %s", args[1], got, args[2])
	}
}

func at(v any, path []string) (string, bool) {
	for _, p := range path {
		switch x := v.(type) {
		case map[string]any:
			inner, ok := x[p]
			if !ok {
				return "", false
			}
			v = inner
		case []any:
			i, err := strconv.Atoi(p)
			if p == "length" {
				return strconv.Itoa(len(x)), true
			}
			if err != nil || i >= len(x) {
				return "", false
			}
			v = x[i]
		default:
			return "", false
		}
	}
	if s, ok := v.(string); ok {
		return s, true
	}
	b, err := json.Marshal(v)
	return string(b), err == nil
}

// age DURATION moves the ledger into the past, every time in it.
func age(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: age DURATION")
	}
	by, err := time.ParseDuration(args[0])
	ts.Check(err)
	ts.Check(ageLedger(ts.Getenv("MIGPLAN_LEDGER"), by))
}

// ageLedger moves every time in the ledger of a folder into the past.
func ageLedger(dir string, by time.Duration) error {
	old := dir + ".young"
	if err := os.Rename(dir, old); err != nil {
		return err
	}
	from, err := ledger.OpenReader(old)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := ledger.Open(dir)
	if err != nil {
		return err
	}
	defer to.Close()
	opened, err := from.Opened(context.Background())
	if err != nil {
		return err
	}
	for _, o := range opened {
		events, err := from.Events(context.Background(), o.Chain)
		if err != nil {
			return err
		}
		if err := appendAged(to, events, by); err != nil {
			return err
		}
	}
	return os.RemoveAll(old)
}

var anyTime = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^"]*"`)

func appendAged(to *ledger.Ledger, events []ledger.Event, by time.Duration) error {
	var head ledger.Head
	for _, e := range events {
		e.At = e.At.Add(-by)
		e.Data = anyTime.ReplaceAllFunc(e.Data, func(b []byte) []byte {
			var t time.Time
			if json.Unmarshal(b, &t) != nil || t.IsZero() {
				return b
			}
			b, _ = t.Add(-by).MarshalJSON()
			return b
		})
		e, err := to.Append(context.Background(), head, e)
		if err != nil {
			return err
		}
		head = ledger.Head{Seq: e.Seq, Hash: e.Hash}
	}
	return nil
}

// make KIND FILE writes a file that no archive can hold.
func makeFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: make KIND FILE")
	}
	file := ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(filepath.Dir(file), 0o777))
	var data []byte
	switch args[0] {
	case "binary":
		data = []byte("version: 1\x00\x01\x02\n")
	case "latin1":
		data = []byte("version: 1\nname: caf\xe9\n")
	case "huge":
		data = []byte(strings.Repeat("# nothing to see here, move along\n", 17<<20/34))
	case "cut": // in the middle of the last line
		data = []byte(strings.TrimSuffix(ts.ReadFile(args[1]), "k\n"))
	case "tampered": // somebody makes the intent one of a last backup
		data = []byte(strings.Replace(ts.ReadFile(args[1]), `"last":false`, `"last": true`, 1))
	case "newer": // user_version of the database header (sqlite.org/fileformat.html, 1.3)
		data = []byte(ts.ReadFile(args[1]))
		data[63]++
	case "thousand":
		data = []byte(thousand(ts.ReadFile("open.yaml")))
	default:
		ts.Fatalf("cannot make %q", args[0])
	}
	ts.Check(os.WriteFile(file, data, 0o666))
}

// atmost N FILE wants no more than N bytes.
func atMost(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: atmost N FILE")
	}
	most, err := strconv.Atoi(args[0])
	ts.Check(err)
	if n := len(ts.ReadFile(args[1])); n > most {
		ts.Fatalf("%s has %d bytes", args[1], n)
	}
}

// thousand puts 999 incrementals behind the full backup of a plan.
func thousand(plan string) string {
	var b strings.Builder
	b.WriteString(plan)
	for i := range 999 {
		fmt.Fprintf(&b, "  - incremental: LOG/ims_log%04d.bak\n", i+1)
	}
	return b.String()
}
