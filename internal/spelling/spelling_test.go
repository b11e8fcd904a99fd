package spelling

import (
	"strings"
	"testing"
)

func TestDistanceCountsEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"name", "name", 0}, {"", "abc", 3}, {"databse", "database", 1}, {"datbaase", "database", 1},
		{"full", "fuil", 1}, {"kitten", "sitting", 3}, {"é", "e", 1}, {strings.Repeat("a", 65), "a", 64},
	} {
		if got, back := Distance(c.a, c.b), Distance(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("%q and %q: %d and %d, want %d", c.a, c.b, got, back, c.want)
		}
	}
}
