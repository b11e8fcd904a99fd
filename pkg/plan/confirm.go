package plan

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Act is what a person confirms with NAME@HASH because it cannot be undone.
type Act string

// The acts. Each has a key of its own.
const (
	ActCutover   Act = "cutover"   // the database goes online
	ActOverwrite Act = "overwrite" // databases on the target are replaced
)

// confirmDigits is how many hex digits a person must give of the hash in
// NAME@HASH.
const confirmDigits = 12

var confirmForm = regexp.MustCompile(`^([a-z][a-z0-9-]{1,23})@([0-9A-Fa-f]{12,64})(?:-a([1-9][0-9]{0,8}))?$`)

// IsConfirmation reports whether a text has the form NAME@HASH.
func IsConfirmation(text string) bool { return confirmForm.MatchString(text) }

// Confirmation is NAME@HASH, the key of an act of these steps, which are a
// whole plan. It names the attempt of the step where it is not the first.
func Confirmation(steps []Step, act Act, attempt int) string {
	c := steps[0].Plan.Name + "@" + confirmHash(steps, act)[:confirmDigits]
	if attempt > 1 {
		c += "-a" + strconv.Itoa(attempt)
	}
	return c
}

// Confirms reports whether given is the Confirmation of these, or a longer
// start of the same hash.
func Confirms(given string, steps []Step, act Act, attempt int) bool {
	m := confirmForm.FindStringSubmatch(given)
	if m == nil || !fits(m, steps, act) {
		return false
	}
	return m[3] == "" && attempt == 1 || m[3] == strconv.Itoa(attempt) && attempt > 1
}

// ConfirmsAnyAttempt is Confirms for whatever attempt the key names.
func ConfirmsAnyAttempt(given string, steps []Step, act Act) bool {
	m := confirmForm.FindStringSubmatch(given)
	return m != nil && fits(m, steps, act)
}

func fits(m []string, steps []Step, act Act) bool {
	return m[1] == steps[0].Plan.Name && strings.HasPrefix(confirmHash(steps, act), strings.ToLower(m[2]))
}

// confirmHash covers what a person has looked at before the act: every step,
// and what says when the act is done and whether somebody is asked. The first
// element keeps it apart from every other hash.
func confirmHash(steps []Step, act Act) string {
	p, last := steps[0].Plan, steps[len(steps)-1].ChainSHA256
	c := Cutover{}
	if p.Cutover != nil {
		c = *p.Cutover
	}
	return hash([]any{
		"migplan confirmation 1", act, p.Name, last,
		moment(c.NotBefore), moment(c.NotAfter), c.Unattended,
		p.Overwrite, p.OverwriteUnattended, p.Rename,
	})
}

// moment is the same text for the same moment, whatever offset it was written
// with; "" where there is none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
