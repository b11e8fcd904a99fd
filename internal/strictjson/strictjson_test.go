package strictjson

import (
	"strings"
	"testing"
)

const manyValues = 1000

func TestDecodeRefusesAmbiguousOrLargeJSON(t *testing.T) {
	for _, in := range []string{
		"", " ", "{", "}", `{"a":1}{"b":2}`, `{"a":1} x`, `{"a":1}]`, `{"a":1},`, `{"a":1,"a":1}`, `{"a":1,"A":2}`, `{"status":"a","\u017ftatus":"b"}`, `{"k":1,"\u212a":2}`,
		`{"x":[{"a":1,"a":2}]}`, `{"a":1,"\u0061":2}`, "{'a':1}", `{"a":NaN}`, "\ufeff{}", `[1,]`, `{"a" 1}`, `{1:2}`, `{"a":`, `{"a"`, `["a`, `[1e400]`, `{"a":1}` + "\f",
		strings.Repeat("[", 33) + strings.Repeat("]", 33), strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33), strings.Repeat("[", 1<<20),
		"[" + strings.Repeat("0,", manyValues) + "0]",
	} {
		var v any
		if err := Decode([]byte(in), &v, manyValues); err == nil {
			t.Errorf("%.60q was accepted", in)
		}
	}
}

func TestDecodeAcceptsPlainJSON(t *testing.T) {
	for _, in := range []string{`{}`, ` {"a":1} ` + "\r\n", `{"a":1,"b":{"a":1}}`, strings.Repeat("[", 32) + strings.Repeat("]", 32), `7`, `[ ]`, `{ }`, `{"\\":"]\"}","\"" : [ -1e3 , null ] }`, "[" + strings.Repeat("0,", manyValues-3) + "0]"} {
		var v any
		if err := Decode([]byte(in), &v, manyValues); err != nil {
			t.Errorf("%.60q: %v", in, err)
		}
	}
}
