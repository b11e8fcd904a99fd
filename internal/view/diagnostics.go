package view

import (
	"io"
	"strings"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/plan"
)

// WriteDiagnostic writes one diagnostic about a plan, in one line.
func WriteDiagnostic(w io.Writer, d plan.Diagnostic) { Line(w, "%s", d) }

// WriteDiagnostics writes diagnostics, each with the line it is about.
func WriteDiagnostics(w io.Writer, ds []plan.Diagnostic) {
	for _, d := range plan.Group(ds) {
		WriteDiagnostic(w, d)
		for text := range strings.Lines(d.Snippet()) {
			Line(w, "%s", strings.TrimSuffix(text, "\n"))
		}
	}
}

// WriteValid says that there is no error and no warning.
func WriteValid(w io.Writer, plans int) {
	Line(w, "%s checked, no errors and no warnings", Counted(plans, "plan"))
}

// WriteGitHub writes workflow commands, which GitHub shows at the lines of a
// pull request.
func WriteGitHub(w io.Writer, ds []plan.Diagnostic, strict bool) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, d := range plan.Group(ds) {
		level := "error"
		if d.Severity == plan.Warning && !strict {
			level = "warning"
		}
		Line(w, "::%s file=%s,line=%d,col=%d,title=%s::%s",
			level, property.Replace(d.File), d.Pos.Line, d.Column, property.Replace(d.Rule), data.Replace(d.Message()))
	}
}

// DiagnosticsJSON is the output of validate.
type DiagnosticsJSON struct {
	Version     int              `json:"version"`
	Code        int              `json:"code"`
	Exit        executor.Class   `json:"exit"`
	Diagnostics []DiagnosticJSON `json:"diagnostics"`
}

// DiagnosticJSON is one diagnostic about a plan.
type DiagnosticJSON struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Severity string `json:"severity"`
	Rule     string `json:"rule"`
	Summary  string `json:"summary"`
	Hint     string `json:"hint"`
}

// Diagnostics is the output of validate for these diagnostics.
func Diagnostics(ds []plan.Diagnostic, class executor.Class, code ExitCode) DiagnosticsJSON {
	return DiagnosticsJSON{Version: Version, Code: code(class), Exit: class, Diagnostics: diagnosticsJSON(ds)}
}

func diagnosticsJSON(ds []plan.Diagnostic) []DiagnosticJSON {
	out := []DiagnosticJSON{}
	for _, d := range ds {
		out = append(out, DiagnosticJSON{d.File, d.Pos.Line, d.Column, string(d.Severity), d.Rule, d.Summary, d.Hint})
	}
	return out
}
