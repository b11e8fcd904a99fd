// Package strictjson decodes JSON that has only one meaning: two readers must
// not be able to take the same bytes for different things.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDepth is far deeper than any documented request or answer.
const maxDepth = 32

// Decode decodes data, which is one JSON value, into v. It refuses duplicate
// keys, anything after the value, deep nesting and more than maxValues values:
// v stays small. Numbers decoded into any are json.Number.
func Decode(data []byte, v any, maxValues int) error {
	c := checker{dec: json.NewDecoder(bytes.NewReader(data)), maxValues: maxValues}
	if err := c.value(0); errors.Is(err, io.EOF) {
		return errors.New("unexpected end of JSON input")
	} else if err != nil {
		return err
	}
	if len(bytes.TrimSpace(data[c.dec.InputOffset():])) > 0 {
		return errors.New("unexpected data after the JSON value")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return dec.Decode(v)
}

// checker reads a document before it is decoded.
type checker struct {
	dec               *json.Decoder
	values, maxValues int
}

func (c *checker) value(depth int) error {
	tok, err := c.dec.Token()
	if err != nil {
		return err
	}
	if c.values++; c.values > c.maxValues {
		return fmt.Errorf("JSON with more than %d values", c.maxValues)
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return nil
	}
	if depth >= maxDepth {
		return fmt.Errorf("JSON nested more than %d levels deep", maxDepth)
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

// key compares keys as encoding/json does when it decodes: ignoring case, with
// the long s equal to s and the Kelvin sign equal to k.
func (c *checker) key(seen map[string]bool) error {
	tok, err := c.dec.Token()
	if err != nil {
		return err
	}
	key := strings.ToUpper(strings.ToLower(fmt.Sprint(tok)))
	if seen[key] {
		return fmt.Errorf("duplicate JSON key %.40q", tok)
	}
	seen[key] = true
	return nil
}
