package drssim

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// missing names a mandatory field of the create page that is missing or invalid in
// a body. It shares no code with the simulator. It is long because it lists the
// fields of the page.
func missing(body []byte) string {
	var b struct {
		Base *struct {
			Name   string `json:"name"`
			Engine string `json:"engine_type"`
		} `json:"base_info"`
		Target *struct {
			Instance string `json:"target_instance_id"`
		} `json:"target_db_info"`
		Backup *struct {
			Source string `json:"file_source"`
			Bucket string `json:"bucket_name"`
			Files  []struct {
				Name   *string `json:"name"`
				Folder *string `json:"obs_path"`
			} `json:"files"`
		} `json:"backup_info"`
		Options *struct {
			Last     *bool  `json:"is_last_backup"`
			Precheck *bool  `json:"is_precheck"`
			Mode     string `json:"recovery_mode"`
		} `json:"options"`
	}
	err := json.Unmarshal(body, &b)
	switch {
	case err != nil:
		return err.Error()
	case b.Base == nil || b.Target == nil || b.Backup == nil || b.Options == nil:
		return "one of the four objects"
	case len(b.Base.Name) < 4 || b.Base.Engine != "sqlserver":
		return "name or engine_type"
	case !strings.HasSuffix(b.Target.Instance, "in04"):
		return "target_instance_id"
	case b.Options.Last == nil || b.Options.Precheck == nil:
		return "is_last_backup or is_precheck"
	case b.Options.Mode != "full" && b.Options.Mode != "incre":
		return "recovery_mode"
	case len(b.Backup.Files) == 0:
		return "files"
	case b.Backup.Source != "RDS" && (b.Backup.Source != "OBS" || b.Backup.Bucket == ""):
		return "file_source or bucket_name"
	}
	for _, f := range b.Backup.Files {
		if f.Name == nil || b.Backup.Source == "OBS" && (f.Folder == nil || !strings.HasSuffix(*f.Name, ".bak")) {
			return "a file's name or obs_path"
		}
	}
	return ""
}

// checkAnswer sends a body and compares the answer with the body.
func checkAnswer(t *testing.T, body []byte) Response {
	t.Helper()
	d, _ := sim(t, Config{})
	resp := d.Serve(create(body))
	made := d.Jobs()
	switch {
	case (resp.Status == 200) != (len(made) == 1):
		t.Errorf("%d with %d jobs: %.500s", resp.Status, len(made), body)
	case resp.Status != 200 && resp.Status != 400 && resp.code != "DRS.M05006":
		t.Errorf("%d %s for %.500s", resp.Status, resp.Body, body)
	case resp.Status == 200 && missing(body) != "":
		t.Errorf("accepted, but %s: %s", missing(body), body)
	case resp.Status == 200 && !utf8.Valid(body):
		t.Errorf("accepted, but not UTF-8: %q", body)
	}
	return resp
}

// goodBodies are the page's examples, with the mistakes in the RDS example fixed.
func goodBodies(t *testing.T) [][]byte {
	t.Helper()
	all := [][]byte{edited(t, page(t, "request-rds-full.json"), "options.recovery_mode", "full", "options.is_last_backup", true, "base_info.description", "by hand")}
	for _, name := range []string{"full", "chain-1-full", "chain-2-incremental", "chain-3-last-incremental"} {
		all = append(all, edited(t, page(t, "request-obs-"+name+".json")))
	}
	return all
}

// TestBodyWithInvalidMemberIsRefused removes each member of each example, and
// replaces it with values of every JSON type. A body that is still accepted has all
// mandatory fields, and no field of a wrong type.
func TestBodyWithInvalidMemberIsRefused(t *testing.T) {
	sent := 0
	for _, body := range goodBodies(t) {
		if resp := checkAnswer(t, body); resp.Status != 200 {
			t.Errorf("%s for %s", resp.Body, body)
		}
		var doc any
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Fatal(err)
		}
		for _, path := range paths(doc, "") {
			checkAnswer(t, edited(t, body, path, gone{}))
			was := jsonType(encode(member(doc, path)))
			for _, value := range []string{"null", `""`, `"x"`, "0", "1", "true", "false", "[]", "[null]", "{}", `{"a":1}`} {
				invalid := edited(t, body, path, json.RawMessage(value))
				if resp := checkAnswer(t, invalid); resp.Status == 200 && jsonType([]byte(value)) != was {
					t.Errorf("%s accepted as %s", value, path)
				}
				sent++
			}
		}
	}
	if sent < 1000 {
		t.Errorf("only %d bodies were tried", sent)
	}
}

// paths are the paths of all members of a document, in the form for edited.
func paths(doc any, at string) []string {
	var all []string
	switch v := doc.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			all = append(all, at+key)
			all = append(all, paths(v[key], at+key+".")...)
		}
	case []any:
		if len(v) > 0 {
			all = append(all, at+"0")
			all = append(all, paths(v[0], at+"0.")...)
		}
	}
	return all
}

func jsonType(value []byte) string {
	switch value[0] {
	case 't', 'f':
		return "Boolean"
	case '"', '{', '[', 'n':
		return string(value[:1])
	}
	return "number"
}

// If there are several mistakes, the same one is always reported.
func TestRefusalIsTheSameEachTime(t *testing.T) {
	for _, body := range []string{
		`{"a":1,"b":2,"c":3}`, `{"base_info":{"x":1,"y":2},"target_db_info":{"z":1},"options":{},"backup_info":{}}`,
		`{"base_info":{},"target_db_info":{},"options":{"reset_db_name_map":{"a":1,"b":2,"c":3}},"backup_info":{}}`,
	} {
		first := checkAnswer(t, []byte(body))
		for range 30 {
			if again := checkAnswer(t, []byte(body)); !bytes.Equal(again.Body, first.Body) {
				t.Fatalf("%s, then %s", first.Body, again.Body)
			}
		}
	}
}

// A body of only brackets must not exhaust the stack.
func TestDeeplyNestedBodyIsRefused(t *testing.T) {
	for open, end := range map[string]string{"[": "]", `{"a":`: "}"} {
		resp := checkAnswer(t, []byte(`{"base_info":`+strings.Repeat(open, 1000)+"1"+strings.Repeat(end, 1000)+"}"))
		if !strings.Contains(string(resp.Body), "nested more than") {
			t.Errorf("%s: %d %.200s", open, resp.Status, resp.Body)
		}
	}
}

func FuzzAcceptedBody(f *testing.F) {
	examples, err := filepath.Glob(filepath.Join("testdata", "api-page", "request-*.json"))
	if err != nil || len(examples) != 5 {
		f.Fatal(err, examples)
	}
	for _, name := range examples {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
		f.Add(bytes.Replace(body, []byte(`"description": "`), []byte("\"description\": \"\xff"), 1))
		f.Add(bytes.Replace(body, []byte(`"sqlserver"`), []byte(`null`), 1))
		f.Add(bytes.Replace(body, []byte(`"is_precheck": true,`), nil, 1))
	}
	f.Add([]byte(strings.Repeat("[", 100)))
	f.Add([]byte(strings.Repeat(`{"a":`, 100)))
	f.Fuzz(func(t *testing.T, body []byte) { checkAnswer(t, body) })
}
