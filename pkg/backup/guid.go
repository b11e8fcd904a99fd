package backup

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// GUID is a Microsoft GUID, in the byte order of its text. The zero value is
// no GUID.
type GUID [guidSize]byte

const guidSize = 16

// IsZero reports that there is no GUID.
func (g GUID) IsZero() bool { return g == GUID{} }

// String is the canonical upper-case text, as SQL Server prints it.
func (g GUID) String() string {
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", g[0:4], g[4:6], g[6:8], g[8:10], g[10:]))
}

// ParseGUID reads the canonical text in either case, with or without braces.
func ParseGUID(text string) (GUID, error) {
	inner := text
	if strings.HasPrefix(inner, "{") && strings.HasSuffix(inner, "}") {
		inner = inner[1 : len(inner)-1]
	}
	groups := strings.Split(inner, "-")
	var g GUID
	n := 0
	for i, want := range []int{4, 2, 2, 2, 6} {
		if len(groups) != 5 || len(groups[i]) != 2*want {
			return GUID{}, fmt.Errorf("GUID %q is not of the form XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX", text)
		}
		if _, err := hex.Decode(g[n:n+want], []byte(groups[i])); err != nil {
			return GUID{}, fmt.Errorf("GUID %q: %w", text, err)
		}
		n += want
	}
	return g, nil
}

// MarshalText writes the canonical text.
func (g GUID) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads the canonical text.
func (g *GUID) UnmarshalText(text []byte) error {
	parsed, err := ParseGUID(string(text))
	if err == nil {
		*g = parsed
	}
	return err
}

// guidAt reads Microsoft's mixed-endian form: the first three groups are
// little-endian numbers, the last two are bytes.
func guidAt(b []byte, off int) GUID {
	var g GUID
	copy(g[:], b[off:off+guidSize])
	g[0], g[1], g[2], g[3] = g[3], g[2], g[1], g[0]
	g[4], g[5] = g[5], g[4]
	g[6], g[7] = g[7], g[6]
	return g
}
