package plan

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// DatabaseKey returns the form of a database name that is used to compare
// names everywhere: names that SQL Server or a reader may confuse have the same
// key. The key is for comparing and storing, not for showing; it may be empty.
//
// It is Unicode's NFKC_Casefold (UAX 44), which drops width, ligatures, case
// and invisible characters, with two additions: dotted and dotless i become i,
// since collations differ in how they fold I; and spaces around a name are
// dropped, since SQL Server pads names. It treats more names as equal than any
// single collation does: a false match only stops with a question, a missed
// one would overwrite a database.
func DatabaseKey(name string) string {
	const rounds = 4 // one round may produce text that folds again; two are enough in all known cases
	for range rounds {
		key := foldOnce(name)
		if key == name {
			break
		}
		name = key
	}
	return name
}

// foldOnce is one round. It ends with ToLower because cases.Fold swaps the two
// cases of Cherokee letters.
func foldOnce(name string) string {
	name = norm.NFKC.String(strings.Map(visible, strings.ToValidUTF8(name, "\uFFFD")))
	name = strings.ToLower(cases.Fold().String(name))
	name = strings.NewReplacer("ı", "i", "i\u0307", "i").Replace(name)
	return strings.TrimSpace(norm.NFKC.String(name))
}

// visible drops invisible characters, for strings.Map.
func visible(r rune) rune {
	if Invisible(r) {
		return -1
	}
	return r
}
