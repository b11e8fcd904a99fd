package plan_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/migplan/migplan/pkg/plan"
)

const confirmed = `version: 1
name: ims-prod
target: {region: ap-southeast-3, project_id: "054ba152d480d55b2f5dc0069e7ddef0", instance_id: "0a3182607bc549bcb46cc9a8755761a6in04"}
source: {obs: {bucket: zyy-obs}}
databases: [ims]
overwrite: [ims]
backups:
  - full: ims.bak
  - incremental: LOG/tail.bak
  - cutover: {not_before: "2026-03-01T09:00:00+08:00", not_after: "2026-03-01T10:00:00+08:00"}
`

func confirmedSteps(t testing.TB, old, new string) []plan.Step {
	t.Helper()
	if !strings.Contains(confirmed, old) {
		t.Fatalf("the plan has no %q", old)
	}
	p, ds := plan.Load("plan.yaml", []byte(strings.Replace(confirmed, old, new, 1)))
	if p == nil {
		t.Fatalf("%v", ds)
	}
	return steps(t, p)
}

var acts = []plan.Act{plan.ActCutover, plan.ActOverwrite}

// A confirmation from before an edit of anything that it covers is not accepted.
func TestConfirmationIsInvalidAfterCoveredEdit(t *testing.T) {
	before := confirmedSteps(t, "", "")
	for name, c := range map[string]struct{ old, new string }{
		"not_before":           {"T09:00:00", "T08:59:59"},
		"not_before taken out": {`not_before: "2026-03-01T09:00:00+08:00", `, ""},
		"not_after":            {"T10:00:00", "T10:00:01"},
		"not_after taken out":  {`, not_after: "2026-03-01T10:00:00+08:00"`, ""},
		"the window taken out": {`: {not_before: "2026-03-01T09:00:00+08:00", not_after: "2026-03-01T10:00:00+08:00"}`, ""},
		"offset":               {"T10:00:00+08:00", "T10:00:00+07:00"},
		"unattended":           {`10:00:00+08:00"}`, `10:00:00+08:00", unattended: true}`},
		"tail_log":             {`10:00:00+08:00"}`, `10:00:00+08:00", tail_log: required}`},
		"ignore_newer":         {`10:00:00+08:00"}`, `10:00:00+08:00", ignore_newer: [LOG/late.bak]}`},
		"overwrite":            {"overwrite: [ims]\n", ""},
		"overwrite_unattended": {"overwrite: [ims]\n", "overwrite: [ims]\noverwrite_unattended: true\n"},
		"a later log":          {"  - cutover", "  - incremental: LOG/tail2.bak\n  - cutover"},
		"another log":          {"tail.bak", "tail2.bak"},
		"the marker taken out": {confirmed[strings.Index(confirmed, "  - cutover"):], ""},
		"name":                 {"ims-prod", "ims-test"},
		"generation":           {"databases:", "generation: 2\ndatabases:"},
	} {
		after := confirmedSteps(t, c.old, c.new)
		for _, act := range acts {
			if key := plan.Confirmation(before, act, 1); plan.Confirms(key, after, act, 1) || plan.ConfirmsAnyAttempt(key, after, act) {
				t.Errorf("%s: the key for %s is still accepted", name, act)
			}
		}
	}
}

// rename is allowed only with one full and the cutover.
func TestConfirmationIsInvalidAfterRename(t *testing.T) {
	plain := confirmedSteps(t, "  - incremental: LOG/tail.bak\n", "")
	p := *plain[0].Plan
	p.Rename = "ims_new"
	renamed := []plan.Step{{Plan: &p, Seq: 1, ChainSHA256: plain[0].ChainSHA256}} // the chain hash covers it too
	for _, act := range acts {
		if plan.Confirms(plan.Confirmation(plain, act, 1), renamed, act, 1) {
			t.Errorf("the key for %s is still accepted", act)
		}
	}
}

// A confirmation covers what is restored and when, and nothing else.
func TestConfirmationIsValidAfterUncoveredEdit(t *testing.T) {
	before := confirmedSteps(t, "", "")
	for name, c := range map[string]struct{ old, new string }{
		"the same window at another offset": {`"2026-03-01T09:00:00+08:00"`, `"2026-03-01T01:00:00Z"`},
		"a description":                     {"databases:", "description: night shift\ndatabases:"},
		"the marker in another form":        {`  - cutover: {`, "  - cutover: { "},
	} {
		for _, act := range acts {
			if after := confirmedSteps(t, c.old, c.new); !plan.Confirms(plan.Confirmation(before, act, 1), after, act, 1) {
				t.Errorf("%s: the key for %s is no longer accepted", name, act)
			}
		}
	}
}

func TestConfirmationIsValidForOneActOnly(t *testing.T) {
	s := confirmedSteps(t, "", "")
	cutover, overwrite := plan.Confirmation(s, plan.ActCutover, 1), plan.Confirmation(s, plan.ActOverwrite, 1)
	if plan.Confirms(cutover, s, plan.ActOverwrite, 1) || plan.Confirms(overwrite, s, plan.ActCutover, 1) || cutover == overwrite {
		t.Errorf("%s and %s confirm the same act", cutover, overwrite)
	}
	if old := "ims-prod@" + s[1].ChainSHA256; plan.ConfirmsAnyAttempt(old, s, plan.ActCutover) || plan.ConfirmsAnyAttempt(old, s, plan.ActOverwrite) {
		t.Errorf("the chain hash is accepted as a key")
	}
}

func TestConfirmationIsValidForItsAttemptOnly(t *testing.T) {
	s := confirmedSteps(t, "", "")
	rapid.Check(t, func(t *rapid.T) {
		act := rapid.SampledFrom(acts).Draw(t, "act")
		n := rapid.IntRange(0, 12).Draw(t, "digits")
		attempt := rapid.IntRange(1, 12).Draw(t, "attempt")
		key := plan.Confirmation(s, act, attempt)
		hash, suffix := key[len("ims-prod@"):][:12], key[len("ims-prod@")+12:]
		given := "ims-prod@" + hash[:n] + suffix
		if got := plan.Confirms(given, s, act, attempt); got != (n == 12) {
			t.Fatalf("%q for %s: %v", given, key, got)
		}
		if upper := "ims-prod@" + strings.ToUpper(hash) + suffix; !plan.Confirms(upper, s, act, attempt) {
			t.Fatalf("%q does not confirm", upper)
		}
		for _, wrong := range []string{
			"", "ims-prod", "ims-prod@", hash, "@" + hash, "ims-pro@" + hash + suffix, "IMS-PROD@" + hash + suffix,
			"ims-prod@" + flip(hash) + suffix, key + " ", " " + key, key + "\n", "ims-prod@" + hash + "-a99", "ims-prod@" + hash + "-a1", "ims-prod@" + hash + "-a",
			"ims-prod@************", "ims-prod@" + hash[:11] + "%" + suffix,
		} {
			if plan.Confirms(wrong, s, act, attempt) {
				t.Fatalf("%q confirms", wrong)
			}
		}
		if plan.Confirms(key, s, act, attempt+1) || !plan.ConfirmsAnyAttempt(key, s, act) {
			t.Fatalf("%q confirms the attempt after its own, or not its act", key)
		}
	})
}

// More than twelve digits of the hash are accepted: another program may have all
// 64.
func TestConfirmsAcceptsLongerHash(t *testing.T) {
	s := confirmedSteps(t, "", "")
	key := plan.Confirmation(s, plan.ActCutover, 1)
	fit := 0
	for _, digit := range "0123456789abcdef" {
		if plan.Confirms(key+string(digit), s, plan.ActCutover, 1) {
			fit++
		}
	}
	if fit != 1 {
		t.Errorf("%d of 16 longer hashes are accepted, want 1", fit)
	}
}

func TestIsConfirmationChecksForm(t *testing.T) {
	for text, want := range map[string]bool{
		"ims-prod@0123456789ab": true, "ims-prod@0123456789ABCDEF": true, "ims-prod@0123456789ab-a2": true,
		"ims-prod@" + strings.Repeat("0", 64): true, "ims-prod@" + strings.Repeat("0", 65): false,
		"": false, "ims-prod": false, "ims-prod@": false, "ims-prod@0123456789a": false, "0123456789ab": false, "ims-prod@0123456789ag": false,
		"IMS@0123456789ab": false, "ims-prod@0123456789ab-a": false, "ims-prod@0123456789ab-a0": false, "ims-prod@0123456789ab ": false, "yes": false,
	} {
		if plan.IsConfirmation(text) != want {
			t.Errorf("%q: %t", text, !want)
		}
	}
}

// flip changes the last digit.
func flip(digits string) string {
	last := digits[len(digits)-1]
	if last == '0' {
		return digits[:len(digits)-1] + "1"
	}
	return digits[:len(digits)-1] + "0"
}
