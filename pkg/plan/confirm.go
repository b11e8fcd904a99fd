package plan

import (
	"strconv"
	"strings"
	"time"

	"github.com/migplan/migplan/internal/lazy"
)

// Act is something that cannot be undone, so a person confirms it with
// NAME@HASH.
type Act string

// The acts. Each has its own key.
const (
	ActCutover   Act = "cutover"   // the database goes online
	ActOverwrite Act = "overwrite" // databases on the target are replaced
)

// confirmDigits is the minimum number of hex digits of the hash in NAME@HASH.
const confirmDigits = 12

var confirmForm = lazy.Regexp(`^([a-z][a-z0-9-]{1,23})@([0-9A-Fa-f]{12,64})(?:-a([1-9][0-9]{0,8}))?$`)

// IsConfirmation reports whether a text has the form NAME@HASH.
func IsConfirmation(text string) bool { return confirmForm().MatchString(text) }

// Confirmation is NAME@HASH, the key of an act for all steps of a plan. From
// the second attempt on it names the attempt.
func Confirmation(steps []Step, act Act, attempt int) string {
	c := steps[0].Plan.Name + "@" + confirmHash(steps, act)[:confirmDigits]
	if attempt > 1 {
		c += "-a" + strconv.Itoa(attempt)
	}
	return c
}

// Confirms reports whether given is the Confirmation of this act and attempt.
// More digits of the hash are accepted.
func Confirms(given string, steps []Step, act Act, attempt int) bool {
	m := confirmForm().FindStringSubmatch(given)
	if m == nil || !matches(m, steps, act) {
		return false
	}
	return m[3] == "" && attempt == 1 || m[3] == strconv.Itoa(attempt) && attempt > 1
}

// ConfirmsAnyAttempt is like Confirms for any attempt.
func ConfirmsAnyAttempt(given string, steps []Step, act Act) bool {
	m := confirmForm().FindStringSubmatch(given)
	return m != nil && matches(m, steps, act)
}

func matches(m []string, steps []Step, act Act) bool {
	return m[1] == steps[0].Plan.Name && strings.HasPrefix(confirmHash(steps, act), strings.ToLower(m[2]))
}

// confirmHash covers what a person reviews before the act: every step, when the
// act may happen, whether a person is asked, and what may hold the cutover. The
// first element makes it differ from every other hash.
func confirmHash(steps []Step, act Act) string {
	p, last := steps[0].Plan, steps[len(steps)-1].ChainSHA256
	c := Cutover{}
	if p.Cutover != nil {
		c = *p.Cutover
	}
	covered := []any{
		"migplan confirmation 1", act, p.Name, last,
		moment(c.NotBefore), moment(c.NotAfter), c.Unattended,
		p.Overwrite, p.OverwriteUnattended, p.Rename,
	}
	if c.TailLog || len(c.IgnoreNewer) > 0 { // without them, keys stay what they were
		covered = append(covered, c.TailLog, c.IgnoreNewer)
	}
	return hash(covered)
}

// moment formats a time in UTC, so that the offset in the plan does not matter;
// "" for the zero time.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
