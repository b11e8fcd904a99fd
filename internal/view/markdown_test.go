package view

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"pgregory.net/rapid"

	"github.com/migplan/migplan/pkg/plan"
)

// live are texts that Markdown on GitHub makes something of.
var live = []string{
	"[link](http://evil.example)", "![image](http://evil.example/x.png)", "<b>html</b>", "<!-- comment -->", "<http://evil.example>",
	"~~struck~~", "http://evil.example/?a=1", "www.evil.example", "mail@evil.example", "@team", "#12", "&#x202e;", "&lt;b&gt;",
	"`", "``", "a`b", "`code`", "``` ", "a```b````c", " ` ", "  two  ", "*strong*", "_em_", "a|b", "|", `a\|b`, `\`, "a\\", "a\nb", "a\r\n\r\n# head",
	"- list", "| a | b |\n|---|---|", "</details>", "```\n", "[ref]: http://evil.example", "$math$", ":+1:", "$`x`$", "javascript:x",
}

// hostilePlan is a plan every value of which is the text.
func hostilePlan(t interface{ Fatal(...any) }, text string) *Migration {
	p := &plan.Plan{
		File: text, Name: "ims-prod", Rename: text, Overwrite: true,
		Target:      plan.Target{Region: text, ProjectID: text, InstanceID: text},
		Source:      plan.Source{OBS: &plan.OBS{Bucket: text, Prefix: text}},
		Databases:   plan.Databases{Names: []string{text, "x", text}},
		Description: text,
		Backups:     []plan.Backup{{Type: plan.Full, Keys: []string{text, text}}, {Type: plan.Incremental, Keys: []string{text}}},
	}
	var err error
	if p.Steps, err = plan.Steps(p); err != nil {
		t.Fatal(err)
	}
	return &Migration{File: text, Plan: p, Diagnostics: hostileDiagnostics(text)}
}

func hostileDiagnostics(text string) []plan.Diagnostic {
	return []plan.Diagnostic{{File: text, Pos: plan.Pos{Line: 1, Column: 1}, Severity: plan.Warning, Rule: "file-name", Summary: text, Hint: text}}
}

// parsedMarkdown reads a comment as GitHub does.
func parsedMarkdown(source string) ast.Node {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM))
	return md.Parser().Parse(text.NewReader([]byte(source)))
}

// shownMarkdown lists the code spans of a comment, and all that is not fixed:
// the nodes that no comment should have, and text outside of code.
func shownMarkdown(t interface{ Fatal(...any) }, source string) (code, odd []string) {
	err := ast.Walk(parsedMarkdown(source), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan:
			code = append(code, spanText(n, source))
			return ast.WalkSkipChildren, nil
		case *ast.Link, *ast.Image, *ast.AutoLink, *ast.RawHTML, *east.Strikethrough, *east.TaskCheckBox, *ast.Blockquote:
			odd = append(odd, n.Kind().String())
		case *ast.HTMLBlock:
			odd = append(odd, oddHTML(n, source)...)
		case *ast.Text:
			if s := string(n.Value([]byte(source))); strings.ContainsAny(s, "<>&@`~[]\\") || strings.Contains(s, "evil") {
				odd = append(odd, s)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return code, odd
}

func spanText(n ast.Node, source string) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			b.Write(c.Segment.Value([]byte(source)))
		case *ast.String:
			b.Write(c.Value)
		}
	}
	return b.String()
}

// oddHTML allows the fold around a request and nothing else.
func oddHTML(n *ast.HTMLBlock, source string) []string {
	var odd []string
	lines := slices.Clone(n.Lines().Sliced(0, n.Lines().Len()))
	if n.HasClosure() {
		lines = append(lines, n.ClosureLine)
	}
	for _, s := range lines {
		line := strings.TrimSpace(string(s.Value([]byte(source))))
		var seq int
		_, err := fmt.Sscanf(line, "<details><summary><code>ims-prod</code>, step %d: <code>", &seq)
		if line != "" && line != "</details>" && err != nil {
			odd = append(odd, line)
		}
	}
	return odd
}

func checkMarkdown(t interface {
	Fatal(...any)
	Errorf(string, ...any)
}, value string) {
	p := hostilePlan(t, value)
	source := Markdown([]*Migration{{File: value, Diagnostics: hostileDiagnostics(value)}, p}, AllBodies)
	code, odd := shownMarkdown(t, source)
	if len(odd) > 0 {
		t.Errorf("%q is shown as %q in:\n%s", value, odd, source)
	}
	whole, inCell := plan.Printable(value), strings.ReplaceAll(plan.Printable(value), `\|`, "\ufffd|")
	times := 0
	for _, c := range code {
		if c == whole || c == inCell {
			times++
		}
	}
	if want := 2 + 1 + 2 + 1 + 3; times < want { // the file twice, instance, databases, rename, keys
		t.Errorf("%q is shown %d times in full, want %d, in:\n%s\n%q", value, times, want, source, code)
	}
	if rows := strings.Count(source, "\n| "); rows != 3 {
		t.Errorf("%q makes %d rows of 3:\n%s", value, rows, source)
	}
}

func TestMarkdownShowsEveryValueAsCode(t *testing.T) {
	for _, value := range live {
		checkMarkdown(t, value)
	}
	for _, value := range live {
		checkMarkdown(t, strings.Join([]string{value, value}, " "))
	}
	rapid.Check(t, func(t *rapid.T) {
		checkMarkdown(t, strings.Join(rapid.SliceOfN(rapid.SampledFrom(live), 1, 5).Draw(t, "parts"), ""))
	})
}

func TestMarkdownKeepsTheRequestInItsBlock(t *testing.T) {
	for _, value := range []string{"```", "````\n</details>", "~~~"} {
		p := hostilePlan(t, value)
		blocks := 0
		_ = ast.Walk(parsedMarkdown(Markdown([]*Migration{p}, AllBodies)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			if n.Kind() == ast.KindFencedCodeBlock && entering {
				blocks++
			}
			return ast.WalkContinue, nil
		})
		if blocks != len(p.Plan.Steps) {
			t.Errorf("%q: %d blocks for %d requests", value, blocks, len(p.Plan.Steps))
		}
	}
}

func TestMarkdownShowsTheWarningsOfAPlan(t *testing.T) {
	p := hostilePlan(t, "ims.bak")
	if got := Markdown([]*Migration{p}, AllBodies); !strings.Contains(got, "- warning: `ims.bak:1:1: ims.bak. ims.bak [file-name]`\n") {
		t.Errorf("no warning in:\n%s", got)
	}
}
