package view

import (
	"slices"
	"strings"
	"unicode"
)

// sentence is a sentence as its words in lower case, without punctuation at
// their ends, between two ".".
type sentence []string

// sentences splits a text at full stops, semicolons and line breaks. A dot
// inside a word, as in ims.bak, ends nothing.
func sentences(text string) []sentence {
	var all []sentence
	s := sentence{"."}
	for line := range strings.Lines(strings.ToLower(text)) {
		for _, field := range strings.Fields(line) {
			if w := strings.TrimFunc(field, isEdge); w != "" {
				s = append(s, w)
			}
			if strings.ContainsAny(field[len(field)-1:], ".;!?") {
				all, s = append(all, append(s, ".")), sentence{"."}
			}
		}
		all, s = append(all, append(s, ".")), sentence{"."}
	}
	return all
}

// isEdge reports a character that may surround a word and does not belong to it.
func isEdge(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) }

// says reports whether one sentence of the text has all parts of a pattern, as
// in "lsn + not continuous". A part is words in a row, * for any one word, and
// "." for an end of the sentence. What is denied does not count.
func says(text []sentence, pattern string) bool {
	parts := strings.Split(pattern, " + ")
	return slices.ContainsFunc(text, func(s sentence) bool {
		return !slices.ContainsFunc(parts, func(p string) bool { return !s.has(strings.Fields(p)) })
	})
}

func (s sentence) has(words []string) bool {
	for i := 0; i+len(words) <= len(s); i++ {
		if slices.EqualFunc(s[i:i+len(words)], words, matches) && (i == 0 || !denies(s[i-1])) {
			return true
		}
	}
	return false
}

func matches(word, wanted string) bool { return word == wanted || wanted == "*" && word != "." }

func denies(word string) bool {
	return slices.Contains([]string{"no", "not", "without", "never", "nor"}, word)
}
