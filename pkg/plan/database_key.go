package plan

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// DatabaseKey maps names of databases that SQL Server or a reader may take for
// the same to one text; two names are compared by their keys, everywhere. The
// key is for comparing and storing, not for showing; it may be empty.
//
// It is Unicode's NFKC_Casefold (UAX 44), which drops width, ligatures, case
// and what is never shown, and goes two steps further: the dotted and the
// dotless i are the i, since some collations fold I to the one and some to
// the other; and spaces around a name do not count, since SQL Server pads.
// So it finds more names equal than any one collation does: a false match
// stops with a question, a missed one restores over a database.
func DatabaseKey(name string) string {
	const rounds = 4 // what one round leaves, another may fold again; two are enough for all that is known
	for range rounds {
		key := foldOnce(name)
		if key == name {
			break
		}
		name = key
	}
	return name
}

// foldOnce is one round. ToLower, since cases.Fold swaps the two cases of
// Cherokee.
func foldOnce(name string) string {
	name = norm.NFKC.String(strings.Map(visible, strings.ToValidUTF8(name, "\uFFFD")))
	name = strings.ToLower(cases.Fold().String(name))
	name = strings.NewReplacer("ı", "i", "i\u0307", "i").Replace(name)
	return strings.TrimSpace(norm.NFKC.String(name))
}

// visible drops what Invisible finds.
func visible(r rune) rune {
	if Invisible(r) {
		return -1
	}
	return r
}

// Invisible reports whether a character is one that no font shows: those of
// Unicode's Default_Ignorable_Code_Point, controls and other formatting
// characters, line separators, and the blank Braille pattern.
func Invisible(r rune) bool {
	if ' ' <= r && r <= '~' {
		return false
	}
	return r == '\u2800' || unicode.IsControl(r) ||
		unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
