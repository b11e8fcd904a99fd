package view

import (
	"io"
	"strings"
)

// What to do next mixes sentences and commands. In the text of a message a
// command is between two marks: a person gets it on a line of its own, to paste
// it whole, and a program gets one line without the marks.
const (
	commandBegins = "\x02"
	commandEnds   = "\x03"
)

// marked is a command in the text of a message.
func marked(command string) string { return commandBegins + command + commandEnds }

// unmarked is the text in one line.
func unmarked(text string) string {
	return strings.NewReplacer(commandBegins, "", commandEnds, "").Replace(text)
}

// lines is the text with each command on a line of its own, indented. A text
// that is one command is one line.
func lines(text string) (out []string) {
	for text != "" {
		words, rest, found := strings.Cut(text, commandBegins)
		words = strings.Trim(words, " ,;.:")
		command, after, _ := strings.Cut(rest, commandEnds)
		switch {
		case !found:
			return append(out, nonEmpty(words)...)
		case words == "" && len(out) == 0 && after == "":
			return []string{command}
		case words != "":
			out = append(out, words+":")
		}
		out, text = append(out, "  "+command), after
	}
	return out
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// writePart writes a part of a stop under its label.
func writePart(w io.Writer, label string, text []string) {
	for _, line := range text {
		Line(w, "  %-9s %s", label, line)
		label = ""
	}
}
