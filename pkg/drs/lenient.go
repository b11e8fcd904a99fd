package drs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// text decodes a JSON string, number or Boolean: the sources disagree about
// which of them some fields are.
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

// boolean decodes true, "true", 1 or "1": Booleans may come back as strings.
type boolean bool

func (v *boolean) UnmarshalJSON(b []byte) error {
	var t text
	if err := t.UnmarshalJSON(b); err != nil || t == "" {
		return err
	}
	parsed, err := strconv.ParseBool(strings.ToLower(string(t)))
	if err != nil {
		return fmt.Errorf("want a Boolean, got %.20q", t)
	}
	*v = boolean(parsed)
	return nil
}

// parseTime reads epoch milliseconds, as a string or a number, or ISO 8601;
// the v5 pages do not say which. Zero where it is neither.
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

// maxDepth is far deeper than any documented answer.
const maxDepth = 32

// decode reads one JSON value into v. It refuses what could be read in two
// ways: a key that stands twice, and anything behind the value.
func decode(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := checkValue(dec, 0); err != nil {
		return err
	}
	if dec.More() || len(bytes.TrimSpace(data[dec.InputOffset():])) > 0 {
		return fmt.Errorf("something stands behind the JSON value")
	}
	return json.Unmarshal(data, v)
}

func checkValue(dec *json.Decoder, depth int) error {
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return nil
	}
	if depth >= maxDepth {
		return fmt.Errorf("JSON nested more than %d deep", maxDepth)
	}
	seen := map[string]bool{}
	for dec.More() {
		if delim == '{' {
			if err := checkKey(dec, seen); err != nil {
				return err
			}
		}
		if err := checkValue(dec, depth+1); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}

// checkKey compares without case, as encoding/json does when it decodes.
func checkKey(dec *json.Decoder, seen map[string]bool) error {
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	key := strings.ToLower(fmt.Sprint(tok))
	if seen[key] {
		return fmt.Errorf("JSON key %.40q stands twice", key)
	}
	seen[key] = true
	return nil
}
