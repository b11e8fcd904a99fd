package drs

import (
	"strings"
	"unicode"
)

// Status is the normalized state of a job.
type Status int

// The states of a job. The list page has TRANSFERRING, SUCCESS, FAILED and
// PRECHECK FAILED, the detail page success and failed, an older page TRANSFERING.
const (
	// Running is every status that is not known to be final.
	Running Status = iota
	// Success is the only successful end.
	Success
	// Failed may have changed part of the target database.
	Failed
	// PrecheckFailed means that nothing was restored.
	PrecheckFailed
)

// ParseStatus reads a status in any of the documented spellings. known is false
// for any other word, which counts as Running.
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

// Ended reports whether the status is final.
func (s Status) Ended() bool { return s != Running }

// HasFailed reports whether the status is final and no success.
func (s Status) HasFailed() bool { return s == Failed || s == PrecheckFailed }
