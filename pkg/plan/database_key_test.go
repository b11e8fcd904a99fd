package plan_test

import (
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/migplan/migplan/pkg/plan"
)

// alike are pairs of names that a collation of SQL Server, or a reader, may
// treat as the same.
var alike = [][2]string{
	{"CRM", "crm"},
	{"INFO", "ınfo"},
	{"İNFO", "info"},
	{"CRM", "ＣＲＭ"},
	{"crm", "ｃｒｍ"},
	{"ﬁn", "fin"},
	{"ﬁn", "FIN"},
	{"straße", "STRASSE"},
	{"STRAẞE", "strasse"},
	{"maſter", "MASTER"},
	{"\u212aunden", "KUNDEN"},                    // Kelvin sign
	{"caf\u00e9", "CAFE\u0301"},                  // composed and not
	{"i\u0307nfo", "\u0130NFO"},                  // dotted
	{"crm\u3164", "CRM"},                         // Hangul filler
	{"c\u034frm", "CRM"},                         // combining grapheme joiner
	{"crm\ufe0f", "CRM"},                         // variation selector
	{"crm\U000e0041", "CRM"},                     // tag
	{"c\u200drm", "CRM"},                         // zero width joiner
	{"crm\u180e\u115f\u1160\uffa0", "C\u2060RM"}, // several at once
	{"crm ", "CRM"},                              // SQL Server pads with spaces
	{"\u13a0", "\uab70"},                         // Cherokee
	{"ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"},
	{"ŉa", "ʼNA"},
}

func TestDatabaseKeyIsEqualForNamesThatCompareEqual(t *testing.T) {
	for _, pair := range alike {
		if a, b := plan.DatabaseKey(pair[0]), plan.DatabaseKey(pair[1]); a != b {
			t.Errorf("%q gives %q, %q gives %q", pair[0], a, pair[1], b)
		}
	}
}

func TestDatabaseKeyDiffersForOtherNames(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"crm", "crm2", "crn", "cafe", "café", "strase", "strasse", "fin", "fn", "info", "日本", "日本語", "a_b", "a-b", "ab", "a b"} {
		key := plan.DatabaseKey(name)
		if seen[key] != "" {
			t.Errorf("%q and %q both give %q", seen[key], name, key)
		}
		seen[key] = name
	}
}

// The key of a stored key is the same key.
func TestDatabaseKeyOfKeyIsUnchanged(t *testing.T) {
	check := func(name string) {
		if key := plan.DatabaseKey(name); plan.DatabaseKey(key) != key {
			t.Errorf("%+q gives %+q, which gives %+q", name, key, plan.DatabaseKey(key))
		}
	}
	step := rune(1)
	if raceEnabled {
		step = 31 // make norace checks all of them
	}
	for r := rune(0); r <= unicode.MaxRune; r += step {
		check(string(r))
	}
	rapid.Check(t, func(t *rapid.T) { check(rapid.String().Draw(t, "name")) })
}

func TestDatabaseKeyIsEqualForNamesThatEqualFold(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			if a, b := plan.DatabaseKey(string(r)), plan.DatabaseKey(string(f)); a != b {
				t.Errorf("%U gives %+q, %U gives %+q", r, a, f, b)
			}
		}
	}
}
