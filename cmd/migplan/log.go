package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/migplan/migplan/internal/view"
)

// logger writes to stderr: sentences for a person on a terminal, JSON elsewhere.
func (a *app) logger() zerolog.Logger {
	level := zerolog.WarnLevel
	if a.verbose {
		level = zerolog.DebugLevel
	}
	return zerolog.New(a.logTo(logLines{a.stderr})).Level(level).With().Timestamp().Logger()
}

// logTo is a writer of the log in the form for stderr.
func (a *app) logTo(w io.Writer) io.Writer {
	if isTerminal(a.stderr) {
		return logText{w}
	}
	return w
}

// logText writes a line of the log like the other lines that a person sees.
type logText struct{ to io.Writer }

func (l logText) Write(line []byte) (int, error) {
	var fields map[string]any
	if err := json.Unmarshal(line, &fields); err != nil {
		return l.to.Write(line)
	}
	if _, err := io.WriteString(l.to, view.Clean(sentence(fields))+"\n"); err != nil {
		return 0, err
	}
	return len(line), nil
}

// sentence is "warning: PLAN: step 2: what happened (error: ..., job id: ...)".
func sentence(fields map[string]any) string {
	take := func(name string) string {
		value, ok := fields[name]
		delete(fields, name)
		if !ok {
			return ""
		}
		return fmt.Sprint(value)
	}
	level, name, step, what := take(zerolog.LevelFieldName), take("plan"), take("step"), take(zerolog.MessageFieldName)
	take(zerolog.TimestampFieldName)
	if level == zerolog.WarnLevel.String() {
		level = "warning"
	}
	parts := []string{level}
	if name != "" {
		parts = append(parts, name)
	}
	if step != "" && step != "0" {
		parts = append(parts, "step "+step)
	}
	var rest []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		rest = append(rest, strings.ReplaceAll(name, "_", " ")+": "+fmt.Sprint(fields[name]))
	}
	text := strings.Join(append(parts, what), ": ")
	if len(rest) > 0 {
		text += " (" + strings.Join(rest, ", ") + ")"
	}
	return text
}
