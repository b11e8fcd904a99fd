package credentials

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"

	"github.com/rs/zerolog"
)

// redacted stands wherever a secret would have been printed.
const redacted = "[redacted]"

// Secret is a string that prints as [redacted] everywhere. Only Reveal gives
// it. The zero value is the empty secret.
type Secret struct {
	// A function and not a string: package fmt calls no methods on unexported
	// fields, so a struct that holds a Secret would print a string field raw.
	reveal func() string
}

// NewSecret hides s.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{reveal: func() string { return s }}
}

// Reveal returns what is hidden. It is for the header or the signature that
// needs it, never for a message.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Empty reports whether there is nothing to hide.
func (s Secret) Empty() bool { return s.reveal == nil }

// Equal compares two secrets in a time that does not depend on where they
// differ.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String, GoString and Format print [redacted] for every verb.
func (Secret) String() string { return redacted }

// GoString is for %#v.
func (Secret) GoString() string { return redacted }

// Format is asked before String, for verbs such as %x and %d too.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText serves XML, YAML and text logs.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON serves encoding/json.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalZerologObject serves zerolog's Object and Interface.
func (Secret) MarshalZerologObject(e *zerolog.Event) { e.Str("secret", redacted) }

// LogValue serves log/slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
