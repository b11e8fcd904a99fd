package drs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/migplan/migplan/internal/strictjson"
)

// text decodes a JSON string, number or Boolean: the sources disagree about the
// type of some fields.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	if len(b) > 0 && (b[0] == '{' || b[0] == '[') {
		return fmt.Errorf("want a string, got %.20s", b)
	}
	*t = text(b)
	return nil
}

// boolean decodes true, "true", 1 or "1": answers may have Booleans as strings.
// An empty string, as in the page's own RDS example, counts as absent.
type boolean struct{ said, value bool }

func (v *boolean) UnmarshalJSON(b []byte) error {
	var t text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	word := strings.ToLower(strings.TrimSpace(string(t)))
	if word == "" {
		return nil
	}
	value, err := strconv.ParseBool(word)
	if err != nil {
		return fmt.Errorf("want a Boolean, got %.20q", t)
	}
	*v = boolean{said: true, value: value}
	return nil
}

// parseTime reads epoch milliseconds, as a string or a number, or ISO 8601; the
// v5 pages do not say which. It returns zero for anything else.
func parseTime(t text) time.Time {
	if ms, err := strconv.ParseInt(string(t), 10, 64); err == nil && ms > 0 && ms < 1<<50 {
		return time.UnixMilli(ms).UTC()
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05-0700"} {
		if at, err := time.Parse(layout, string(t)); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// maxValues is far above any documented answer, and keeps decoded values small.
const maxValues = 200_000

// decode decodes one JSON value that has only one meaning into v.
func decode(data []byte, v any) error { return strictjson.Decode(data, v, maxValues) }
