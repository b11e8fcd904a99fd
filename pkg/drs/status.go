package drs

import (
	"strings"
	"unicode"
)

// Status is the state of a job in this package's words.
type Status int

// The states of a job. The list page spells TRANSFERRING, SUCCESS, FAILED and
// PRECHECK FAILED, the detail page success and failed, an older page
// TRANSFERING.
const (
	// Running is every status that is not known to be an end.
	Running Status = iota
	// Success is the only good end.
	Success
	// Failed may have changed the target database in part.
	Failed
	// PrecheckFailed means that nothing was restored.
	PrecheckFailed
)

// ParseStatus reads a status in any of the spellings that the sources give.
// known is false for a word that none of them has: it counts as Running.
func ParseStatus(s string) (status Status, known bool) {
	word := strings.ToUpper(strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r == '_' || r == '-' || unicode.IsSpace(r)
	}), " "))
	switch {
	case strings.Contains(word, "FAIL") && strings.Contains(word, "CHECK"):
		return PrecheckFailed, true
	case strings.Contains(word, "FAIL"):
		return Failed, true
	case word == "SUCCESS":
		return Success, true
	}
	return Running, word == "TRANSFERRING" || word == "TRANSFERING"
}

// Ended reports whether the job will not change any more.
func (s Status) Ended() bool { return s != Running }
