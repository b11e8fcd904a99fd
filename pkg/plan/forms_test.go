package plan

import (
	"strings"
	"testing"
)

// A name may have 3 to 63 characters (page, table 6).
func TestIsBucketName(t *testing.T) {
	for name, want := range map[string]bool{
		"ab": false, "abc": true, strings.Repeat("a", 63): true, strings.Repeat("a", 64): false,
		"a.b": true, "a-b": true, "-ab": false, "ab.": false, "aBc": false, "a_c": false, "abc\n": false, "": false,
	} {
		if got := isBucketName(name); got != want {
			t.Errorf("isBucketName(%q) = %t", name, got)
		}
	}
}

func TestIsProjectID(t *testing.T) {
	const good = "054ba152d480d55b2f5dc0069e7ddef0"
	for id, want := range map[string]bool{good: true, good[1:]: false, good + "0": false, "A" + good[1:]: false, good[1:] + "\n": false, "": false} {
		if got := isProjectID(id); got != want {
			t.Errorf("isProjectID(%q) = %t", id, got)
		}
	}
}
