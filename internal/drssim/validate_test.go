package drssim

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestPageExamplesAreAccepted(t *testing.T) {
	for _, name := range []string{
		"request-obs-full.json", "request-obs-chain-1-full.json",
		"request-obs-chain-2-incremental.json", "request-obs-chain-3-last-incremental.json",
	} {
		d, _ := sim(t, Config{})
		accepted(t, d, page(t, name))
	}
}

// The RDS example has two mistakes, "" for the mode and "" for a Boolean, and an
// apostrophe that the console refuses.
func TestPageExampleOfRDSNeedsCorrections(t *testing.T) {
	body := page(t, "request-rds-full.json")
	plain := edited(t, body, "base_info.description", "by hand")
	for _, c := range []struct {
		name string
		body []byte
		code string
	}{
		{"as on the page", body, codeInvalid},
		{"no apostrophe", plain, codeMalformed},
		{"mode corrected", edited(t, plain, "options.recovery_mode", "full"), codeMalformed},
		{"Boolean corrected", edited(t, plain, "options.is_last_backup", true), codeEmpty},
		{"both, with the apostrophe", edited(t, body, "options.recovery_mode", "full", "options.is_last_backup", true), codeInvalid},
		{"all", edited(t, plain, "options.recovery_mode", "full", "options.is_last_backup", true), ""},
	} {
		d, _ := sim(t, Config{})
		if got := d.Serve(create(c.body)); got.code != c.code {
			t.Errorf("%s: got %q %s, want %q", c.name, got.code, got.Body, c.code)
		}
	}
}

func TestAnswersMatchThePage(t *testing.T) {
	d, _ := sim(t, Config{Faults: parseFaults(t, "generic-400@2")})
	ok := d.Serve(create(page(t, "request-obs-full.json")))
	id := accepted200(t, page(t, "response-200.json"))
	got := accepted200(t, ok.Body)
	if len(got) != len(id) || strings.Count(got, "-") != 4 || !strings.Contains(got[24:], "j") {
		t.Errorf("job id %q is not like the page's %q", got, id)
	}
	failed := d.Serve(create(page(t, "request-obs-full.json")))
	if want := string(page(t, "response-400.json")); !sameJSON(failed.Body, []byte(want)) || failed.Status != 400 {
		t.Errorf("got %d %s, want 400 %s", failed.Status, failed.Body, want)
	}
}

func accepted200(t *testing.T, body []byte) string {
	t.Helper()
	var m map[string]string
	if err := json.Unmarshal(body, &m); err != nil || len(m) != 1 {
		t.Fatalf("%v: %s", err, body)
	}
	return m["job_id"]
}

func sameJSON(a, b []byte) bool {
	var x, y map[string]any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && string(encode(x)) == string(encode(y))
}

// rule is one edit of a valid body, and the code that refuses it; "" if none.
type rule struct {
	name  string
	edits []any
	code  string
}

func runRules(t *testing.T, base []byte, config Config, rules []rule) {
	t.Helper()
	for _, r := range rules {
		d, _ := sim(t, config)
		resp := d.Serve(create(edited(t, base, r.edits...)))
		if resp.code != r.code {
			t.Errorf("%s: got %q %s, want %q", r.name, resp.code, resp.Body, r.code)
		}
		if made := len(d.Jobs()); (made == 1) != (r.code == "") {
			t.Errorf("%s: %d jobs", r.name, made)
		}
		if r.code != "" && resp.Status != http.StatusBadRequest && r.code != "DRS.M05006" {
			t.Errorf("%s: status %d", r.name, resp.Status)
		}
	}
}

func is(name, code string, edits ...any) rule { return rule{name, edits, code} }

// TestBaseInfoIsValidated is long because it contains a table.
func TestBaseInfoIsValidated(t *testing.T) {
	tag := func(key, value any) any { return []any{map[string]any{"key": key, "value": value}} }
	tags := func(n int) any {
		var list []any
		for i := range n {
			list = append(list, map[string]any{"key": "k" + string(rune('a'+i)), "value": ""})
		}
		return list
	}
	runRules(t, page(t, "request-obs-full.json"), Config{}, []rule{
		is("no base_info", codeEmpty, "base_info", gone{}),
		is("null base_info", codeMalformed, "base_info", nil),
		is("unknown part", codeMalformed, "extra", map[string]any{}),
		is("unknown field", codeMalformed, "base_info.nmae", "x"),
		is("field in another case", codeMalformed, "base_info.Description", "x"),
		is("no name", codeEmpty, "base_info.name", gone{}),
		is("empty name", codeEmpty, "base_info.name", ""),
		is("number as name", codeMalformed, "base_info.name", 1234),
		is("null as name", codeMalformed, "base_info.name", nil),
		is("name of 3", codeInvalid, "base_info.name", "abc"),
		is("name of 4", "", "base_info.name", "abcd"),
		is("name of 50", "", "base_info.name", strings.Repeat("a", 50)),
		is("name of 51", codeInvalid, "base_info.name", strings.Repeat("a", 51)),
		is("name begins with a digit", codeInvalid, "base_info.name", "1abc"),
		is("name with a space", codeInvalid, "base_info.name", "ab cd"),
		is("name with a line break", codeInvalid, "base_info.name", "abcd\n"),
		is("Chinese name", codeInvalid, "base_info.name", "迁移任务"),
		is("name with - and _", "", "base_info.name", "A-b_9"),
		is("no engine_type", codeEmpty, "base_info.engine_type", gone{}),
		is("other engine_type", codeInvalid, "base_info.engine_type", "mysql"),
		is("engine_type in upper case", codeInvalid, "base_info.engine_type", "SQLSERVER"),
		is("no description", "", "base_info.description", gone{}),
		is("description of 256", "", "base_info.description", strings.Repeat("é", 256)),
		is("description of 257", codeInvalid, "base_info.description", strings.Repeat("a", 257)),
		is("description !", codeInvalid, "base_info.description", "a!"),
		is("description =", codeInvalid, "base_info.description", "a="),
		is("description <", codeInvalid, "base_info.description", "a<"),
		is("description >", codeInvalid, "base_info.description", "a>"),
		is("description '", codeInvalid, "base_info.description", "a'"),
		is("description &", codeInvalid, "base_info.description", "a&"),
		is(`description "`, codeInvalid, "base_info.description", `a"`),
		is(`description \`, codeInvalid, "base_info.description", `a\`),
		is("description with a line break", codeInvalid, "base_info.description", "a\nb"),
		is("enterprise project as number", codeMalformed, "base_info.enterprise_project_id", 0),
		is("no enterprise project", "", "base_info.enterprise_project_id", gone{}),
		is("odd enterprise project", codeInvalid, "base_info.enterprise_project_id", "a b"),
		is("no tags", "", "base_info.tags", gone{}),
		is("tags as object", codeMalformed, "base_info.tags", map[string]any{"a": "b"}),
		is("tag as string", codeMalformed, "base_info.tags", []any{"a"}),
		is("tag", "", "base_info.tags", tag("team_1-é", "a b_.:/=+-@")),
		is("tag with more", codeMalformed, "base_info.tags", []any{map[string]any{"key": "a", "value": "b", "more": ""}}),
		is("tag without a value", codeEmpty, "base_info.tags", []any{map[string]any{"key": "a"}}),
		is("tag key of 36", "", "base_info.tags", tag(strings.Repeat("k", 36), "")),
		is("tag key of 37", codeTagKey, "base_info.tags", tag(strings.Repeat("k", 37), "")),
		is("tag key with a space", codeTagKey, "base_info.tags", tag("a b", "")),
		is("tag key twice", codeTagKey, "base_info.tags", []any{map[string]any{"key": "a", "value": ""}, map[string]any{"key": "a", "value": ""}}),
		is("tag value with a bar", codeTagValue, "base_info.tags", tag("a", "a|b")),
		is("tag value of 43", "", "base_info.tags", tag("a", strings.Repeat("v", 43))),
		is("tag value of 44", codeTagValue, "base_info.tags", tag("a", strings.Repeat("v", 44))),
		is("20 tags", "", "base_info.tags", tags(20)),
		is("21 tags", codeTagCount, "base_info.tags", tags(21)),
	})
}

// TestTargetAndBackupInfoAreValidated is long because it contains a table.
func TestTargetAndBackupInfoAreValidated(t *testing.T) {
	file := func(name, folder string) any { return map[string]any{"name": name, "obs_path": folder} }
	files := func(list ...any) []any { return list }
	bucket := "backup_info.bucket_name"
	runRules(t, page(t, "request-obs-full.json"), Config{}, []rule{
		is("no target", codeEmpty, "target_db_info", gone{}),
		is("no instance", codeEmpty, "target_db_info.target_instance_id", gone{}),
		is("blank instance", "DRS.M06007", "target_db_info.target_instance_id", ""),
		is("instance of another engine", "DRS.M05006", "target_db_info.target_instance_id", "0a3182607bc549bcb46cc9a8755761a6in01"),
		is("unknown target field", codeMalformed, "target_db_info.instance_id", "x"),
		is("file stream on", "", "target_db_info.ms_file_stream_status", "on"),
		is("file stream absent", "", "target_db_info.ms_file_stream_status", gone{}),
		is("file stream empty", codeInvalid, "target_db_info.ms_file_stream_status", ""),
		is("file stream Off", codeInvalid, "target_db_info.ms_file_stream_status", "Off"),
		is("file stream Boolean", codeMalformed, "target_db_info.ms_file_stream_status", false),
		is("no file_id", "", "target_db_info.file_id", gone{}),
		is("file_id with OBS", codeInvalid, "target_db_info.file_id", "0d87037d934848999fdc10bbabb08e6fbr04"),
		is("no backup_info", codeEmpty, "backup_info", gone{}),
		is("no file_source", codeEmpty, "backup_info.file_source", gone{}),
		is("file_source in lower case", codeInvalid, "backup_info.file_source", "obs"),
		is("no bucket", codeEmpty, bucket, gone{}),
		is("empty bucket", codeEmpty, bucket, ""),
		is("bucket of 2", codeInvalid, bucket, "ab"),
		is("bucket of 3", "", bucket, "a.b"),
		is("bucket of 63", "", bucket, strings.Repeat("a", 63)),
		is("bucket of 64", codeInvalid, bucket, strings.Repeat("a", 64)),
		is("bucket in upper case", codeInvalid, bucket, "Abc"),
		is("bucket ends with -", codeInvalid, bucket, "abc-"),
		is("bucket begins with .", codeInvalid, bucket, ".abc"),
		is("bucket with ..", codeInvalid, bucket, "a..b"),
		is("bucket with _", codeInvalid, bucket, "a_b"),
		is("bucket is an address", codeInvalid, bucket, "10.0.0.1"),
		is("no files", codeEmpty, "backup_info.files", gone{}),
		is("empty files", codeEmpty, "backup_info.files", []any{}),
		is("files as object", codeMalformed, "backup_info.files", file("a.bak", "")),
		is("file as string", codeMalformed, "backup_info.files", files("a.bak")),
		is("two files", "", "backup_info.files", files(file("a.bak", ""), file("b.bak", ""))),
		is("two files of one name", "", "backup_info.files", files(file("a.bak", ""), file("a.bak", "b/"))),
		is("one file twice", codeInvalid, "backup_info.files", files(file("a.bak", "b/"), file("a.bak", "b/"))),
		is("size, as once on the page", codeMalformed, "backup_info.files.0.size", "8.75 MB"),
		is("no file name", codeEmpty, "backup_info.files.0.name", gone{}),
		is("empty file name", codeEmpty, "backup_info.files.0.name", ""),
		is("suffix .trn", codeInvalid, "backup_info.files.0.name", "a.trn"),
		is("suffix .BAK", codeInvalid, "backup_info.files.0.name", "a.BAK"),
		is("only the suffix", codeInvalid, "backup_info.files.0.name", ".bak"),
		is("folder in the name", codeInvalid, "backup_info.files.0.name", "a/b.bak"),
		is("space in the name", codeInvalid, "backup_info.files.0.name", "a b.bak"),
		is("Chinese name", codeInvalid, "backup_info.files.0.name", "库.bak"),
		is("no obs_path", codeEmpty, "backup_info.files.0.obs_path", gone{}),
		is("null obs_path", codeMalformed, "backup_info.files.0.obs_path", nil),
		is("obs_path of two folders", "", "backup_info.files.0.obs_path", "a/b c/"),
		is("obs_path without slash", codeInvalid, "backup_info.files.0.obs_path", "a"),
		is("obs_path with leading slash", codeInvalid, "backup_info.files.0.obs_path", "/a/"),
		is("obs_path is a slash", codeInvalid, "backup_info.files.0.obs_path", "/"),
		is("obs_path with two slashes", codeInvalid, "backup_info.files.0.obs_path", "a//"),
		is("obs_path with ..", codeInvalid, "backup_info.files.0.obs_path", "a/../"),
		is("Chinese obs_path", codeInvalid, "backup_info.files.0.obs_path", "库/"),
		is("rds_version with OBS", codeInvalid, "backup_info.files.0.rds_version", "2019_EE"),
		is("rds_source with OBS", codeInvalid, "backup_info.files.0.rds_source_instance_id", instance),
	})
}

func TestBodyMustBeOneJSONObject(t *testing.T) {
	good := string(page(t, "request-obs-full.json"))
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for _, body := range []string{
		"", "null", "[]", "\"\"", "{", good[:len(good)/2], good + good, good + "x", "\xef\xbb\xbf" + good, deep,
		strings.Replace(good, `"is_last_backup"`, `"is_last_backup": false, "is_last_backup"`, 1),
		strings.Replace(good, `"is_last_backup"`, `"IS_LAST_BACKUP": false, "is_last_backup"`, 1),
		strings.Replace(good, `"is_last_backup"`, `"is_last\u005fbackup": false, "is_last_backup"`, 1),
	} {
		d, _ := sim(t, Config{})
		if resp := d.Serve(create([]byte(body))); resp.code != codeMalformed || resp.Status != 400 {
			t.Errorf("%.60q: got %d %s", body, resp.Status, resp.Body)
		}
	}
}

func FuzzCreate(f *testing.F) {
	for _, s := range []string{"{}", `{"base_info":{"tags":[{"key":1}]}}`, `{"options":{"is_last_backup":"true"}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d := New(Config{})
		resp := d.Serve(create(body))
		if resp.Status == 200 != (len(d.Jobs()) == 1) {
			t.Errorf("%d with %d jobs", resp.Status, len(d.Jobs()))
		}
	})
}
