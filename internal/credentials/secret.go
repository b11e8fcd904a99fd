package credentials

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"

	"github.com/rs/zerolog"
)

// redacted is printed instead of a secret.
const redacted = "[redacted]"

// secret is a string that always prints as [redacted]. Only reveal returns it. The
// zero value is the empty secret.
type secret struct {
	// A function and not a string: package fmt calls no methods on unexported
	// fields, so a struct that contains a secret would print a string field.
	text func() string
}

// newSecret makes a secret of s.
func newSecret(s string) secret {
	if s == "" {
		return secret{}
	}
	return secret{text: func() string { return s }}
}

// reveal returns the secret text. It is for the header or signature that needs it,
// never for a message.
func (s secret) reveal() string {
	if s.text == nil {
		return ""
	}
	return s.text()
}

// empty reports whether the secret is empty.
func (s secret) empty() bool { return s.text == nil }

// equal compares two secrets in constant time.
func (s secret) equal(other secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.reveal()), []byte(other.reveal())) == 1
}

// String, GoString and Format print [redacted] for every verb.
func (secret) String() string { return redacted }

// GoString is for %#v.
func (secret) GoString() string { return redacted }

// Format comes before String, also for verbs such as %x and %d.
func (secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText is for XML, YAML and text logs.
func (secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON is for encoding/json.
func (secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalZerologObject is for zerolog's Object and Interface.
func (secret) MarshalZerologObject(e *zerolog.Event) { e.Str("secret", redacted) }

// LogValue is for log/slog.
func (secret) LogValue() slog.Value { return slog.StringValue(redacted) }
