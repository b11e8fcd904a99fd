package view

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzClean: whatever a server writes, what reaches the terminal or a log has
// no control, formatting or line-breaking character, and an end.
func FuzzClean(f *testing.F) {
	for _, s := range []string{
		"plain", "\x1b[2J\x1b]0;title\x07", "a\nerror: forged", "\u009b31m", "\u202egnp.exe", "\u2066x\u2069", "\ufeff",
		"\xff\xfe", strings.Repeat("é", 4000), "日本語 🚚", "a\r\nb\tc",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) || len(got) > 2048+8 {
			t.Fatalf("%d bytes, valid %t", len(got), utf8.ValidString(got))
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("%q holds %U", got, r)
			}
		}
	})
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "",
		"DRS says: naïve 日本語":  "DRS says: naïve 日本語",
		"a\nb\tc":              "a b c",
		"\x1b[31mred":          "\uFFFD[31mred",
		"\u202eevil":           "\uFFFDevil",
		"\u061cevil":           "\uFFFDevil",
		"bad \xff byte":        "bad \uFFFD byte",
		"zero\u200bwidth":      "zero\uFFFDwidth",
		"\u0085next\u2028line": "\uFFFDnext\uFFFDline",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}
