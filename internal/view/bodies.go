package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/migplan/migplan/pkg/plan"
)

// Bodies says which requests plan shows, and how.
type Bodies string

// The bodies of the next requests are enough for a person who follows a plan of
// a thousand steps. Indented ones are for reading; raw ones are the exact bytes.
const (
	NextBodies Bodies = "next" // the next three, indented
	AllBodies  Bodies = "all"  // every one that was not sent, indented
	RawBodies  Bodies = "raw"  // every one that was not sent, as it is sent
)

const nextBodies = 3

// request is one request that was not sent yet.
type request struct {
	seq int
	plan.Request
}

// toSend lists the requests to show, and how many more there are.
func (m *Migration) toSend(b Bodies) (shown []request, more int) {
	for _, s := range m.Plan.Steps {
		st := m.State.Step(s.Seq)
		if st.State.Sent() {
			continue
		}
		if b == NextBodies && len(shown) == nextBodies {
			more++
			continue
		}
		if req, err := s.Request(st.Attempt); err == nil {
			shown = append(shown, request{s.Seq, req})
		}
	}
	return shown, more
}

// lines is a body as it is shown.
func (r request) lines(b Bodies) []string {
	var out bytes.Buffer
	if b == RawBodies || json.Indent(&out, r.Body, "", "  ") != nil {
		return []string{string(r.Body)}
	}
	return strings.Split(out.String(), "\n")
}

// writeBodies shows what is still to be sent. The hash is that of the exact
// bytes.
func (m *Migration) writeBodies(w io.Writer, b Bodies) {
	shown, more := m.toSend(b)
	for _, r := range shown {
		Line(w, "")
		Line(w, "step %d: POST /v5/%s/backup-migration-jobs (sha256 %s)", r.seq, m.Plan.Target.ProjectID, r.SHA256)
		for _, text := range r.lines(b) {
			Line(w, "%s", text)
		}
	}
	if more > 0 {
		Line(w, "")
		Line(w, "%s not shown. All of them: migplan plan --bodies all %s", Counted(more, "more request"), Word(m.File))
	}
}

func (m *Migration) markdownBodies(b Bodies) []string {
	var out []string
	shown, more := m.toSend(b)
	for _, r := range shown {
		fence := strings.Repeat("`", max(3, longestRun(string(r.Body))+1))
		text := ""
		for _, l := range r.lines(b) {
			text += plan.Printable(l) + "\n"
		}
		out = append(out, fmt.Sprintf("<details><summary><code>%s</code>, step %d: <code>%s</code>, sha256 <code>%s</code></summary>\n\n%sjson\n%s%s\n</details>\n",
			html.EscapeString(m.Plan.Name), r.seq, html.EscapeString(r.JobName), r.SHA256, fence, text, fence))
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("\n_%s not shown. `migplan plan --bodies all` shows all._\n", Counted(more, "more request")))
	}
	return out
}
