package plan

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// layout looks for the mistake in a file that the YAML parser refuses. The
// parser often names the start of a list, or the line before the mistake. It
// knows only what plans use: maps, lists, quotes and brackets.
type layout struct {
	open    []level // the maps and lists that contain the line
	deeper  bool    // the line before lets the next one be deeper
	literal int     // indentation of the key of a block of text, -1 outside one
	depth   int     // of brackets
	bracket Pos     // where the outermost open one is
}

// level is an open map or list.
type level struct {
	indent int
	list   bool
}

// mistake is what layout found.
type mistake struct {
	at            Pos
	summary, hint string
}

// findMistake returns the first mistake in the file's layout, nil for none.
func findMistake(data []byte) *mistake {
	l, number := layout{literal: -1, deeper: true}, 0
	for raw := range bytes.Lines(bytes.TrimPrefix(data, []byte(byteOrderMark))) {
		number++
		text := strings.TrimRight(string(raw), " \r\n")
		if i := len(text) - len(strings.TrimLeft(text, " \t")); strings.Contains(text[:i], "\t") && i < len(text) {
			return &mistake{Pos{number, strings.Index(text, "\t") + 1}, "a tab indents this line", "use spaces only"}
		}
		if m := l.line(number, text); m != nil {
			return m
		}
	}
	if l.depth > 0 {
		return &mistake{l.bracket, "a bracket is not closed", "close it: ] for [ and } for {"}
	}
	return nil
}

// line checks one line and updates what is open after it.
func (l *layout) line(number int, text string) *mistake {
	text = withoutComment(text)
	content := strings.TrimLeft(text, " ")
	indent := len(text) - len(content)
	switch {
	case content == "" || content == "---":
		return nil
	case l.literal >= 0 && indent > l.literal:
		return nil
	case l.depth > 0:
		l.brackets(number, text, 0)
		return nil
	}
	l.literal = -1
	if m := l.place(indent, content); m != nil {
		m.at = Pos{number, indent + 1}
		return m
	}
	return l.value(number, indent, text)
}

// place finds the map or list that a line belongs to.
func (l *layout) place(indent int, content string) *mistake {
	isList := content == "-" || strings.HasPrefix(content, "- ")
	before := l.open
	for len(l.open) > 0 && l.top().indent > indent {
		l.open = l.open[:len(l.open)-1]
	}
	if n := len(l.open); n > 1 && l.top() == (level{indent, true}) && !isList && l.open[n-2].indent == indent {
		l.open = l.open[:n-1] // a list may have the indentation of its key
	}
	switch {
	case len(l.open) > 0 && l.top() == (level{indent, isList}):
		return nil
	case len(l.open) > 0 && l.top().indent == indent && l.top().list:
		return noHyphen(content)
	case l.deeper && len(l.open) == len(before) && (len(l.open) == 0 || l.top().indent < indent || isList):
		l.open = append(l.open, level{indent, isList})
		return nil
	}
	return wrongIndent(before, indent, isList)
}

func (l *layout) top() level { return l.open[len(l.open)-1] }

func noHyphen(content string) *mistake {
	if strings.HasPrefix(content, "-") {
		return &mistake{summary: "there is no space after the hyphen", hint: `start the entry with "- "`}
	}
	return &mistake{summary: "this line is in a list and has no hyphen", hint: `start it with "- ", or indent it like the line that it belongs to`}
}

// wrongIndent names the indentation that the line should have: that of the
// nearest open map or list.
func wrongIndent(open []level, indent int, isList bool) *mistake {
	want, what := -1, "line"
	if isList {
		what = "entry"
	}
	for _, o := range open {
		if o.list == isList && (want < 0 || distance(o.indent, indent) <= distance(want, indent)) {
			want = o.indent
		}
	}
	if want < 0 {
		return &mistake{summary: fmt.Sprintf("this %s is indented by %s, and nothing above begins a list there", what, count(indent, "space")),
			hint: "indent it like the lines around it"}
	}
	return &mistake{
		summary: fmt.Sprintf("this %s is indented by %s, the ones above by %d", what, count(indent, "space"), want),
		hint:    "indent it by " + count(want, "space"),
	}
}

func distance(a, b int) int { return max(a-b, b-a) }

// value reads what follows the hyphens and the key of a line.
func (l *layout) value(number, indent int, text string) *mistake {
	at := indent
	for strings.HasPrefix(text[at:], "- ") {
		at += 2
		at += len(text[at:]) - len(strings.TrimLeft(text[at:], " "))
		l.deeper = true
		if key := keyEnd(text[at:]); key > 0 || strings.HasPrefix(text[at:], "- ") {
			l.open = append(l.open, level{at, key == 0})
		}
	}
	if key := keyEnd(text[at:]); key > 0 {
		at += key
		at += len(text[at:]) - len(strings.TrimLeft(text[at:], " "))
	}
	rest := text[at:]
	l.deeper = rest == "" || rest == "-"
	switch {
	case rest == "":
	case rest[0] == '|' || rest[0] == '>':
		l.literal = indent
	case rest[0] == '[' || rest[0] == '{':
		l.brackets(number, text, at)
	case (rest[0] == '"' || rest[0] == '\'') && !closed(rest):
		return &mistake{Pos{number, utf8.RuneCountInString(text[:at]) + 1}, "a quotation mark is not closed", "close it on this line"}
	}
	return nil
}

// keyEnd is the length of a key and its colon, 0 if the text has no key.
func keyEnd(text string) int {
	if i := strings.Index(text+" ", ": "); i > 0 && !strings.ContainsAny(text[:1], `"'[{`) {
		return i + 1
	}
	return 0
}

func closed(quoted string) bool {
	inner := strings.NewReplacer(`\\`, "", `\"`, "", `''`, "").Replace(quoted[1:])
	return quoted == `''` || quoted == `""` || strings.Contains(inner, quoted[:1])
}

// brackets counts brackets outside quotes from a column on.
func (l *layout) brackets(number int, text string, from int) {
	quote := rune(0)
	for i, r := range text[from:] {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '[' || r == '{':
			if l.depth++; l.depth == 1 {
				l.bracket = Pos{number, utf8.RuneCountInString(text[:from+i]) + 1}
			}
		case r == ']' || r == '}':
			l.depth = max(0, l.depth-1)
		}
	}
	l.deeper = false
}

// withoutComment cuts a comment off, unless it may be inside quotes.
func withoutComment(text string) string {
	if strings.HasPrefix(strings.TrimLeft(text, " "), "#") {
		return ""
	}
	if i := strings.Index(text, " #"); i >= 0 && !strings.ContainsAny(text[:i], `"'`) {
		return strings.TrimRight(text[:i], " ")
	}
	return text
}
