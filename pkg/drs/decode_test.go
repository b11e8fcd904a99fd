package drs

import (
	"encoding/json"
	"testing"
	"time"
)

func TestTextDecodesScalars(t *testing.T) {
	for in, want := range map[string]string{
		`"a"`: "a", `""`: "", `null`: "", `7`: "7", `1721897321317`: "1721897321317", `1.5e3`: "1.5e3", `true`: "true", `"\u0061"`: "a",
	} {
		var got text
		if err := json.Unmarshal([]byte(in), &got); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{`{}`, `["a"]`, `{"a":1}`} {
		var got text
		if err := json.Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("%s: %q", in, got)
		}
	}
}

// An empty field says nothing: only that becomes a nil pointer.
func TestBooleanDecodesEverySpelling(t *testing.T) {
	for in, want := range map[string]boolean{
		`true`: {true, true}, `"true"`: {true, true}, `"TRUE"`: {true, true}, `"True"`: {true, true}, `1`: {true, true}, `"1"`: {true, true}, `" true "`: {true, true},
		`false`: {true, false}, `"false"`: {true, false}, `"False"`: {true, false}, `0`: {true, false}, `"0"`: {true, false},
		`null`: {}, `""`: {}, `" "`: {},
	} {
		var got boolean
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{`"yes"`, `2`, `"on"`, `{}`, `[true]`, `"nein"`} {
		var got boolean
		if err := json.Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("%s: %+v", in, got)
		}
	}
}

func TestParseTimeReadsEveryForm(t *testing.T) {
	want := time.Date(2024, 7, 25, 8, 48, 41, 0, time.UTC)
	for _, in := range []string{
		"1721897321000", "2024-07-25T08:48:41Z", "2024-07-25T10:48:41+02:00", "2024-07-25T08:48:41", "2024-07-25 08:48:41", "2024-07-25T16:48:41+0800", "2024-07-25T08:48:41.000Z",
	} {
		if got := parseTime(text(in)); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: %v", in, got)
		}
	}
	for _, in := range []string{"", "0", "-1", "9223372036854775807", "99999999999999999999", "yesterday", "2024-13-45T08:48:41Z", "1.7e12", "true"} {
		if got := parseTime(text(in)); !got.IsZero() {
			t.Errorf("%q: %v", in, got)
		}
	}
}
