package drs

import (
	"bytes"
	"encoding/json"
	"errors"
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
// An empty string, as in the page's own RDS example, says nothing.
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

// What a document may hold: far more than any documented answer, and little
// enough that what it is decoded into stays small.
const (
	maxDepth  = 32
	maxValues = 200_000
)

// decode reads one JSON value into v. It refuses what could be read in two
// ways: a key that stands twice, and anything behind the value. Numbers keep
// their text.
func decode(data []byte, v any) error {
	c := checker{dec: json.NewDecoder(bytes.NewReader(data))}
	if err := c.value(0); err != nil {
		return err
	}
	if len(bytes.TrimSpace(data[c.dec.InputOffset():])) > 0 {
		return errors.New("something stands behind the JSON value")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return dec.Decode(v)
}

// checker walks over a document before anything is made of it.
type checker struct {
	dec    *json.Decoder
	values int
}

func (c *checker) value(depth int) error {
	tok, err := c.dec.Token()
	if err != nil {
		return err
	}
	if c.values++; c.values > maxValues {
		return fmt.Errorf("JSON of more than %d values", maxValues)
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return nil
	}
	if depth >= maxDepth {
		return fmt.Errorf("JSON nested more than %d deep", maxDepth)
	}
	seen := map[string]bool{}
	for c.dec.More() {
		if delim == '{' {
			if err := c.key(seen); err != nil {
				return err
			}
		}
		if err := c.value(depth + 1); err != nil {
			return err
		}
	}
	_, err = c.dec.Token()
	return err
}

// key compares as encoding/json does when it decodes: without case, where the
// long s is an s and the Kelvin sign a k.
func (c *checker) key(seen map[string]bool) error {
	tok, err := c.dec.Token()
	if err != nil {
		return err
	}
	key := strings.ToUpper(strings.ToLower(fmt.Sprint(tok)))
	if seen[key] {
		return fmt.Errorf("JSON key %.40q stands twice", tok)
	}
	seen[key] = true
	return nil
}
