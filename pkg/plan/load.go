package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/migplan/migplan/internal/lazy"
)

// MaxSize is the largest size of a plan file, in bytes.
const MaxSize = 16 << 20

// LoadFile reads and checks the plan file at path. The error is about reading
// the file; problems in its content are returned as diagnostics.
func LoadFile(path string) (*Plan, []Diagnostic, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	p, ds := Load(path, data)
	return p, ds, nil
}

// LoadFileToInspect is LoadFile for commands that submit nothing: a missing
// final newline, which may mean an incomplete file, is not an error. A person
// must be able to see the state of such a plan and to put it on hold.
func LoadFileToInspect(path string) (*Plan, []Diagnostic, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	p, ds := (&document{file: path, data: data, allowNoNewline: true}).load()
	return p, ds, nil
}

// HashFile gives Plan.SHA256 for the current content of the file at path.
func HashFile(path string) (string, error) {
	data, err := readFile(path)
	return hashBytes(data), err
}

func readFile(path string) ([]byte, error) {
	// Opening a pipe would wait for a writer and ignore signals.
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxSize+1))
}

// Load checks the bytes of a plan file; file is its name in diagnostics. It
// returns all diagnostics at once (at most a thousand), ordered by position. The
// plan is nil if one of them is an Error.
func Load(file string, data []byte) (*Plan, []Diagnostic) {
	return (&document{file: file, data: data}).load()
}

func (d *document) load() (*Plan, []Diagnostic) {
	if !d.parse() {
		return nil, d.finish()
	}
	d.checkLastBackup()
	d.checkSchema()
	p := d.decode()
	d.checkRules(p)
	d.checkPlaceholders()
	ds := d.finish()
	setSteps(ds, entries(d.root))
	if Invalid(ds, false) {
		return nil, ds
	}
	p.SHA256 = hashBytes(d.data)
	p.Steps, _ = Steps(p) // the schema wants a backup
	return p, ds
}

// document is a plan file while it is checked, with the diagnostics so far.
type document struct {
	file        string
	data        []byte
	root        *yaml.Node
	diagnostics []Diagnostic
	refused     bool // one of the diagnostics is an Error
	// allowNoNewline accepts a file that does not end with a newline.
	allowNoNewline bool
}

// add adds a diagnostic at a node.
func (d *document) add(sev Severity, rule string, at *yaml.Node, summary, hint string) {
	d.addAt(sev, rule, Pos{Line: at.Line, Column: at.Column}, summary, hint)
}

// maxDiagnostics limits the memory that a hostile file can use. The first Error
// is always kept.
const maxDiagnostics = 1000

func (d *document) addAt(sev Severity, rule string, pos Pos, summary, hint string) {
	d.keep(Diagnostic{Pos: pos, Severity: sev, Rule: rule, Summary: summary, Hint: hint})
}

func (d *document) keep(c Diagnostic) {
	if len(d.diagnostics) >= maxDiagnostics && (c.Severity == Warning || d.refused) {
		return
	}
	d.refused = d.refused || c.Severity == Error
	c.File, c.Pos = d.file, Pos{Line: max(1, c.Pos.Line), Column: max(1, c.Pos.Column)}
	d.diagnostics = append(d.diagnostics, c)
}

// finish sorts the diagnostics, removes duplicates and adds the quoted lines.
func (d *document) finish() []Diagnostic {
	sortDiagnostics(d.diagnostics)
	ds := slices.Compact(d.diagnostics)
	if utf8.Valid(d.data) {
		d.quoteLines(ds)
	}
	return ds
}

// quoteLines reads the file once; diagnostics on one line share its copy.
func (d *document) quoteLines(ds []Diagnostic) {
	rest, at, line := bytes.TrimPrefix(d.data, []byte(byteOrderMark)), 0, ""
	for i, c := range ds {
		for ; at < c.Pos.Line; at++ {
			var b []byte
			if b, rest, _ = bytes.Cut(rest, []byte("\n")); at == c.Pos.Line-1 {
				line = string(bytes.TrimSuffix(b, []byte("\r")))
			}
		}
		ds[i].Line = line
	}
}

// parse reads the YAML document and refuses what a plan must not contain. It
// reports whether the other checks can continue.
func (d *document) parse() bool {
	start := Pos{1, 1}
	switch {
	case len(d.data) > MaxSize:
		d.addAt(Error, "size", start, "the file is larger than 16 MiB", "split the migration into several plans")
		return false
	case tooDense(d.data):
		d.addAt(Error, "size", start, "the file has more than 600,000 lines, entries, keys and brackets", "split the migration into several plans")
		return false
	case bytes.IndexByte(d.data, 0) >= 0 || !utf8.Valid(d.data):
		d.addAt(Error, "encoding", start, "the file is not UTF-8 text", "save it as UTF-8; a plan is a YAML file")
		return false
	}
	if d.refuseUnprintable(); d.refused {
		return false
	}
	d.checkFinalNewline()
	dec := yaml.NewDecoder(bytes.NewReader(d.data))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		d.addEmpty()
		return false
	} else if err != nil {
		d.addSyntax(err)
		return false
	}
	d.root = doc.Content[0]
	if d.root.Kind == yaml.ScalarNode && d.root.Tag == "!!null" {
		d.addEmpty()
		return false
	}
	d.refuseSecondDocument(dec)
	return d.checkNode(d.root, 0)
}

// checkFinalNewline refuses a file that may have been cut off while it was
// written: a truncated key may be the key of another object.
func (d *document) checkFinalNewline() {
	if d.allowNoNewline || len(d.data) == 0 || bytes.HasSuffix(d.data, []byte("\n")) {
		return
	}
	lines := bytes.Count(d.data, []byte("\n"))
	last := bytes.TrimPrefix(d.data[bytes.LastIndexByte(d.data, '\n')+1:], []byte(byteOrderMark))
	last = bytes.TrimSuffix(last, []byte("\r"))
	d.addAt(Error, "final-newline", Pos{Line: lines + 1, Column: utf8.RuneCount(last) + 1},
		"the last line does not end with a newline, so the file may be incomplete", "check that nothing is missing, and end the file with a newline")
}

// refusedAt reports whether there is already an Error at a node.
func (d *document) refusedAt(n *yaml.Node) bool {
	return slices.ContainsFunc(d.diagnostics, func(c Diagnostic) bool { return c.Severity == Error && c.Pos == pos(n) })
}

func (d *document) addEmpty() {
	d.addAt(Error, "empty", Pos{1, 1}, "the file contains no plan", "write one: migplan init NAME prints a plan to start from")
}

func (d *document) refuseSecondDocument(dec *yaml.Decoder) {
	var second yaml.Node
	err := dec.Decode(&second)
	switch {
	case errors.Is(err, io.EOF):
	case err != nil:
		d.addSyntax(err)
	default:
		d.add(Error, "one-document", &second, "a second YAML document starts here", "keep one plan per file and remove the ---")
	}
}

var yamlLine = lazy.Regexp(`^yaml: line (\d+): `)

// addSyntax reports an error of the YAML parser, which gives only a line, and
// not always the right one.
func (d *document) addSyntax(err error) {
	if m := findMistake(d.data); m != nil {
		d.addAt(Error, "yaml", m.at, "invalid YAML: "+m.summary, m.hint)
		return
	}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	pos := Pos{1, 1}
	if m := yamlLine().FindStringSubmatch(err.Error()); m != nil {
		pos.Line, _ = strconv.Atoi(m[1])
		text = strings.TrimPrefix(text, "line "+m[1]+": ")
	}
	last := bytes.Count(bytes.TrimRight(d.data, "\n"), []byte("\n")) + 1
	pos.Line = min(pos.Line, last)
	d.addAt(Error, "yaml", pos, "invalid YAML: "+text, "fix this line or the one next to it")
}
