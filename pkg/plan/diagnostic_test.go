package plan_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/migplan/migplan/pkg/plan"
)

// The caret is under the right column on a terminal, whatever comes before it.
func TestCaretIsAlignedAfterWideCharacters(t *testing.T) {
	width := runewidth.Condition{StrictEmojiNeutral: true}
	for _, before := range []string{"", "a, ", "订单, ", "🧨, ", "e\u0301, ", "👩\u200d💻, ", "ﾊﾝｶｸ, ", "한글, ", strings.Repeat("订", 200) + ", "} {
		data := strings.Replace(base, "[ims]", "["+before+"7]", 1)
		_, ds := plan.Load("caret.yaml", []byte(data))
		found := false
		for _, d := range ds {
			if d.Rule != "quote" {
				continue
			}
			found = true
			if want := len("databases: [") + utf8.RuneCountInString(before) + 1; d.Column != want {
				t.Errorf("%q: column %d, want %d", before, d.Column, want)
			}
			text, caret, _ := strings.Cut(d.Snippet(), "\n")
			if got, want := strings.Index(caret, "^"), width.StringWidth(text[:strings.LastIndex(text, "7]")]); got != want {
				t.Errorf("the caret is at %d, want %d:\n%s", got, want, d.Snippet())
			}
		}
		if !found {
			t.Errorf("%q: %v", before, ds)
		}
	}
}

// A diagnostic contains nothing that controls a terminal.
func TestDiagnosticsContainNoControlCharacters(t *testing.T) {
	for _, evil := range []string{"\\e[2J", "\\u202e", "\\u009b", "\\r", "\\n", "\\x07", "\\u2066", "\\u2028"} {
		for _, at := range []string{"ims-prod", "zyy-obs", "ims.bak", "floder/", "ap-southeast-3", "[ims]", "cutover"} {
			data := strings.Replace(base, at, `"`+evil+`"`, 1)
			_, ds := plan.Load("evil\x1b[2J.yaml", []byte(data))
			for _, d := range ds {
				safe(t, d.String())
				safe(t, strings.Replace(d.Snippet(), "\n", "", 1))
			}
		}
	}
}

func safe(t *testing.T, s string) {
	t.Helper()
	for _, r := range s {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x200e && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			t.Errorf("%q contains %U", s, r)
		}
	}
}
