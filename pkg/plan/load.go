package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// MaxSize is the size of the largest plan file that is read, in bytes.
const MaxSize = 16 << 20

// LoadFile reads and checks the plan file at path. The error is about reading
// it; what is wrong inside the file comes as diagnostics.
func LoadFile(path string) (*Plan, []Diagnostic, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	p, ds := Load(path, data)
	return p, ds, nil
}

// LoadFileToLook is LoadFile for what submits nothing: a file that may be half
// written, for want of a final newline, is no error. A person must be able to
// put such a plan on hold, and to see where it is.
func LoadFileToLook(path string) (*Plan, []Diagnostic, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	p, ds := (&document{file: path, data: data, mayBeCut: true}).load()
	return p, ds, nil
}

// HashFile is Plan.SHA256 of the file at path as it is now.
func HashFile(path string) (string, error) {
	data, err := readFile(path)
	return hashBytes(data), err
}

func readFile(path string) ([]byte, error) {
	// Opening a pipe would wait for a writer, past every signal.
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

// Load checks the bytes of a plan file, whose name is for the diagnostics. All
// complaints come at once (a thousand at most), ordered by place. The plan is
// nil when one of them is an Error.
func Load(file string, data []byte) (*Plan, []Diagnostic) {
	return (&document{file: file, data: data}).load()
}

func (d *document) load() (*Plan, []Diagnostic) {
	if !d.parse() {
		return nil, d.finish()
	}
	d.checkSchema()
	p := d.decode()
	d.checkRules(p)
	ds := d.finish()
	nameSteps(ds, entries(d.root))
	if Invalid(ds, false) {
		return nil, ds
	}
	p.SHA256 = hashBytes(d.data)
	return p, ds
}

// document is a plan file on its way to a Plan, with the complaints so far.
type document struct {
	file        string
	data        []byte
	root        *yaml.Node
	diagnostics []Diagnostic
	refused     bool // one of them is an Error
	mayBeCut    bool // the file may end in the middle of a line
}

// add notes a complaint at a node.
func (d *document) add(sev Severity, rule string, at *yaml.Node, summary, hint string) {
	d.addAt(sev, rule, Pos{Line: at.Line, Column: at.Column}, summary, hint)
}

// maxDiagnostics bounds what a hostile file can make of memory. No Error is
// left out that would be the first.
const maxDiagnostics = 1000

func (d *document) addAt(sev Severity, rule string, pos Pos, summary, hint string) {
	if len(d.diagnostics) >= maxDiagnostics && (sev == Warning || d.refused) {
		return
	}
	d.refused = d.refused || sev == Error
	d.diagnostics = append(d.diagnostics, Diagnostic{
		File: d.file, Pos: Pos{Line: max(1, pos.Line), Column: max(1, pos.Column)},
		Severity: sev, Rule: rule, Summary: summary, Hint: hint,
	})
}

// finish orders the complaints, drops what was said twice and quotes the lines.
func (d *document) finish() []Diagnostic {
	Sort(d.diagnostics)
	ds := slices.Compact(d.diagnostics)
	if utf8.Valid(d.data) {
		d.quoteLines(ds)
	}
	return ds
}

// quoteLines walks the file once; complaints about one line share its copy.
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

// parse reads the one YAML document and refuses what a plan may not hold. It
// reports whether the rest of the checks can go on.
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
	if d.refuseHidden(); d.refused {
		return false
	}
	d.refuseCut()
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

// refuseCut: a file is written from its start to its end, and a key that is cut
// off may be the key of another object.
func (d *document) refuseCut() {
	if d.mayBeCut || len(d.data) == 0 || bytes.HasSuffix(d.data, []byte("\n")) {
		return
	}
	lines := bytes.Count(d.data, []byte("\n"))
	last := bytes.TrimPrefix(d.data[bytes.LastIndexByte(d.data, '\n')+1:], []byte(byteOrderMark))
	last = bytes.TrimSuffix(last, []byte("\r"))
	d.addAt(Error, "final-newline", Pos{Line: lines + 1, Column: utf8.RuneCount(last) + 1},
		"the last line does not end with a newline, so the file may be half written", "write the file to its end, and end it with a newline")
}

// refusedAt reports whether something has been said about a node already.
func (d *document) refusedAt(n *yaml.Node) bool {
	return slices.ContainsFunc(d.diagnostics, func(c Diagnostic) bool { return c.Severity == Error && c.Pos == pos(n) })
}

func (d *document) addEmpty() {
	d.addAt(Error, "empty", Pos{1, 1}, "the file holds no plan", "write one; README.md shows a plan of ten lines")
}

func (d *document) refuseSecondDocument(dec *yaml.Decoder) {
	var second yaml.Node
	err := dec.Decode(&second)
	switch {
	case errors.Is(err, io.EOF):
	case err != nil:
		d.addSyntax(err)
	default:
		d.add(Error, "one-document", &second, "a second document begins here", "keep one plan in a file and leave out the ---")
	}
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)

// addSyntax places an error of the YAML parser, which knows only the line.
func (d *document) addSyntax(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	pos := Pos{1, 1}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		pos.Line, _ = strconv.Atoi(m[1])
		text = strings.TrimPrefix(text, "line "+m[1]+": ")
	}
	last := bytes.Count(bytes.TrimRight(d.data, "\n"), []byte("\n")) + 1
	pos.Line = min(pos.Line, last)
	d.addAt(Error, "yaml", pos, "this is not YAML: "+text, "mend the line, or one next to it")
}
