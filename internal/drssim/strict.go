package drssim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// strictObject reads a JSON object and refuses a key that stands twice, null,
// and anything behind the object.
func strictObject(b []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	v, err := strictValue(dec)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(b[dec.InputOffset():])) > 0 {
		return nil, errors.New("something stands behind the JSON object")
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("the body is not a JSON object")
	}
	return m, nil
}

func strictValue(dec *json.Decoder) (any, error) {
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok {
	case json.Delim('{'):
		return strictMap(dec)
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := strictValue(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = dec.Token()
		return list, err
	case nil:
		return nil, errors.New("null is not a value")
	}
	return tok, nil
}

func strictMap(dec *json.Decoder) (map[string]any, error) {
	m := map[string]any{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key := fmt.Sprint(tok)
		if _, twice := m[key]; twice {
			return nil, fmt.Errorf("key %q stands twice", key)
		}
		if m[key], err = strictValue(dec); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return m, err
}
