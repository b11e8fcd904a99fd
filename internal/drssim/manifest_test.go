package drssim

import (
	"strings"
	"testing"
)

func TestReadManifestReadsObjects(t *testing.T) {
	objects, err := ReadManifest(strings.NewReader(`[
		{"bucket":"b","key":"ims.bak","type":"full","databases":["ims"],"first_lsn":1,"last_lsn":18446744073709551615,"size":700,"storage_class":"COLD","encrypted":true,"corrupt":true},
		{"key":"id-br04","type":"full","databases":["a","b"]}
	]`))
	if err != nil || len(objects) != 2 {
		t.Fatal(objects, err)
	}
	o := objects[0]
	if o.Bucket != "b" || o.Key != "ims.bak" || o.Type != Full || o.Databases[0] != "ims" || o.LastLSN != 1<<64-1 ||
		o.Size != 700 || o.StorageClass != "COLD" || !o.Encrypted || !o.Corrupt {
		t.Errorf("%+v", o)
	}
	if empty, err := ReadManifest(strings.NewReader("[]")); err != nil || empty == nil {
		t.Errorf("an empty manifest must not mean that any object exists: %v %v", empty, err)
	}
}

func TestReadManifestRefusesInvalidObjects(t *testing.T) {
	const good = `{"bucket":"b","key":"k","type":"log","databases":["d"]}`
	for text, want := range map[string]string{
		"":                                   "unexpected end",
		"{}":                                 "cannot unmarshal",
		"[" + good + "] x":                   "after top-level value",
		"[" + good:                           "unexpected end",
		"[" + good + "," + good + "]":        `object 2, "b/k": is a duplicate`,
		`[{"key":"k","tpye":"log"}]`:         "tpye",
		`[{"key":"k","key":"l"}]`:            "duplicate JSON key",
		`[{"type":"log","databases":["d"]}]`: "key is missing",
		`[{"key":"k","type":"LOG","databases":["d"]}]`:                "type must be full, log or differential",
		`[{"key":"k","type":"log"}]`:                                  "databases is empty",
		`[{"key":"k","type":"log","databases":["d"],"first_lsn":2}]`:  "last_lsn is less than first_lsn",
		`[{"key":"k","type":"log","databases":["d"],"first_lsn":-2}]`: "first_lsn",
		`[{"key":"k","type":"log","databases":["d"],"size":-1}]`:      "size is negative",
		`[{"key":"","type":"log"},{"key":"k","type":"x"}]`:            "object 2",
	} {
		if _, err := ReadManifest(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
