// Package strictjson decodes JSON that has only one meaning: two readers must
// not be able to take the same bytes for different things.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is far deeper than any documented request or answer.
const maxDepth = 32

// Decode decodes data, which is one JSON value, into v. It refuses duplicate
// keys, anything after the value, deep nesting and more than maxValues values:
// v stays small. Numbers decoded into any are json.Number.
func Decode(data []byte, v any, maxValues int) error {
	if !json.Valid(data) {
		return json.Unmarshal(data, new(any)) // a *json.SyntaxError
	}
	c := checker{data: data, maxValues: maxValues}
	if err := c.value(0); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return dec.Decode(v)
}

// checker walks over a document whose syntax is known to be valid.
type checker struct {
	data              []byte
	at                int // how many bytes have been read
	values, maxValues int
}

func (c *checker) value(depth int) error {
	if c.values++; c.values > c.maxValues {
		return fmt.Errorf("JSON with more than %d values", c.maxValues)
	}
	switch c.next() {
	case '{', '[':
		return c.composite(depth)
	case '"':
		c.text()
	default:
		return c.word()
	}
	return nil
}

// word reads a number, true, false or null. A number that no float64 holds is an
// error: readers would take it for different values.
func (c *checker) word() error {
	start := c.at
	for c.at < len(c.data) && bytes.IndexByte([]byte(",]} \t\r\n"), c.data[c.at]) < 0 {
		c.at++
	}
	word := string(c.data[start:c.at])
	if _, err := strconv.ParseFloat(word, 64); errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("JSON number %.40s is out of range", word)
	}
	return nil
}

// composite reads an object or an array.
func (c *checker) composite(depth int) error {
	if depth >= maxDepth {
		return fmt.Errorf("JSON nested more than %d levels deep", maxDepth)
	}
	var keys map[string]bool // nil for an array
	if c.data[c.at] == '{' {
		keys = map[string]bool{}
	}
	for c.at++; ; c.at++ { // past the opening bracket, then past each comma
		if end := c.next(); end == '}' || end == ']' {
			break // it is empty: a comma is not followed by this
		}
		if keys != nil {
			if err := c.key(keys); err != nil {
				return err
			}
		}
		if err := c.value(depth + 1); err != nil {
			return err
		}
		if c.next() != ',' {
			break
		}
	}
	c.at++ // past the closing bracket
	return nil
}

// key reads a key and its colon. It compares keys as encoding/json does when it
// decodes: ignoring case, with the long s equal to s and the Kelvin sign equal
// to k.
func (c *checker) key(seen map[string]bool) error {
	c.next()
	key, err := unquote(c.text())
	if err != nil {
		return err
	}
	folded := strings.ToUpper(strings.ToLower(key))
	if seen[folded] {
		return fmt.Errorf("duplicate JSON key %.40q", key)
	}
	seen[folded] = true
	c.next()
	c.at++ // past the colon
	return nil
}

// unquote decodes a string. Most hold only what stands for itself, for which
// encoding/json is slow.
func unquote(quoted []byte) (s string, err error) {
	if bytes.IndexFunc(quoted, func(r rune) bool { return r == '\\' || r >= utf8.RuneSelf }) < 0 {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	err = json.Unmarshal(quoted, &s)
	return s, err
}

// next skips white space and returns the byte after it.
func (c *checker) next() byte {
	for ; c.at < len(c.data); c.at++ {
		switch b := c.data[c.at]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

// text reads a string with its quotes.
func (c *checker) text() []byte {
	start := c.at
	for c.at++; c.data[c.at] != '"'; c.at++ {
		if c.data[c.at] == '\\' {
			c.at++
		}
	}
	c.at++
	return c.data[start:c.at]
}
