package drssim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The codes for invalid requests (error codes page; the texts of M00201 and M00202
// are on the page "Abnormal Request Results").
const (
	codeMalformed = "DRS.M00200"
	codeEmpty     = "DRS.M00201"
	codeInvalid   = "DRS.M00202"
	codeTagKey    = "DRS.M00269"
	codeTagValue  = "DRS.M00270"
	codeTagCount  = "DRS.M00271"
	codeUnknown   = "DRS.10000010" // no such job: HTTP 400, not 404
)

// checker reads a request and keeps the first error.
type checker struct {
	refused *Refusal
}

func (c *checker) refuse(status int, code, format string, args ...any) {
	if c.refused == nil {
		c.refused = &Refusal{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
	}
}

func (c *checker) malformed(format string, args ...any) {
	c.refuse(400, codeMalformed, "Parameter error: "+format, args...)
}

func (c *checker) empty(field string) {
	c.refuse(400, codeEmpty, "The %s parameter is empty.", field)
}

// invalid reports a value that violates a rule.
func (c *checker) invalid(field, rule string) {
	c.refuse(400, codeInvalid, "The value of %s is invalid: %s.", field, rule)
}

// want reports an invalid value unless kept is true.
func (c *checker) want(kept bool, field, rule string) {
	if !kept {
		c.invalid(field, rule)
	}
}

// top reads a body, which must be one JSON object.
func (c *checker) top(body []byte) part {
	v, err := decodeStrictly(body)
	members, ok := v.(object)
	switch {
	case err != nil:
		c.malformed("%v", err)
	case !ok:
		c.malformed("the body must be a JSON object")
	}
	return part{c, "", members}
}

// part is an object within a request.
type part struct {
	*checker
	path    string
	members object
}

func (p part) at(key string) string { return strings.TrimPrefix(p.path+"."+key, ".") }

// only refuses all members that are not on the page.
func (p part) only(keys ...string) {
	for _, key := range slices.Sorted(maps.Keys(p.members)) {
		if !slices.Contains(keys, key) {
			p.malformed("%s is unknown", p.at(key))
		}
	}
}

// take returns a member of type T, or zero and false if it is absent. It refuses a
// wrong type, including null, and a missing member if needed is true.
func take[T any](p part, key, kind string, needed bool) (T, bool) {
	v, there := p.members[key]
	t, ok := v.(T)
	switch {
	case !there && needed:
		p.empty(p.at(key))
	case there && !ok:
		p.malformed("%s must be %s", p.at(key), kind)
	}
	return t, there && ok
}

func (p part) text(key string) string {
	s, _ := take[string](p, key, "a string", false)
	return s
}

// neededText is a string that must be present and not empty.
func (p part) neededText(key string) string {
	s, ok := take[string](p, key, "a string", true)
	if ok && s == "" {
		p.empty(p.at(key))
	}
	return s
}

func (p part) flag(key string) bool {
	b, _ := take[bool](p, key, "a Boolean", false)
	return b
}

func (p part) neededFlag(key string) bool {
	b, _ := take[bool](p, key, "a Boolean", true)
	return b
}

func (p part) neededPart(key string) part {
	m, _ := take[object](p, key, "an object", true)
	return part{p.checker, p.at(key), m}
}

// list returns a list whose elements must all be of type T.
func list[T any](p part, key, kind string, needed bool) (out []T) {
	all, _ := take[[]any](p, key, "a list", needed)
	for i, v := range all {
		t, ok := v.(T)
		if !ok {
			p.malformed("%s[%d] must be %s", p.at(key), i, kind)
		}
		out = append(out, t)
	}
	return out
}

// parts are the objects of a list.
func (p part) parts(key string, needed bool) (out []part) {
	for i, m := range list[object](p, key, "an object", needed) {
		out = append(out, part{p.checker, fmt.Sprintf("%s[%d]", p.at(key), i), m})
	}
	return out
}

func (p part) texts(key string) []string { return list[string](p, key, "a string", false) }

// textMap is an object whose members are strings.
func (p part) textMap(key string) map[string]string {
	m, _ := take[object](p, key, "an object", false)
	out := make(map[string]string, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		s, ok := m[k].(string)
		if !ok {
			p.malformed("%s[%q] must be a string", p.at(key), k)
		}
		out[k] = s
	}
	return out
}
