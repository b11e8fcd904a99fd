package drssim

import (
	"errors"
	"math"
	"unicode/utf8"

	"github.com/migplan/migplan/internal/strictjson"
)

// object is a JSON object.
type object = map[string]any

// decodeStrictly decodes one JSON value that has only one meaning. It also
// refuses bytes that are not UTF-8, which encoding/json would replace.
func decodeStrictly(text []byte) (v any, err error) {
	if !utf8.Valid(text) {
		return nil, errors.New("the text is not UTF-8")
	}
	err = strictjson.Decode(text, &v, math.MaxInt)
	return v, err
}
