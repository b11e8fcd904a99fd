package drssim

import (
	"strings"
	"testing"
)

// TestOptionsAreValidated is long because it contains a table.
func TestOptionsAreValidated(t *testing.T) {
	many := func(n int) []any {
		var list []any
		for i := range n {
			list = append(list, "db"+strings.Repeat("x", i))
		}
		return list
	}
	some := func(names ...any) []any {
		return []any{"options.is_default_restore", false, "options.db_names", append([]any{}, names...)}
	}
	rename := func(edits ...any) []any {
		return append([]any{"options.reset_db_name_map", map[string]any{"": "new_db"}}, edits...)
	}
	runRules(t, page(t, "request-obs-full.json"), Config{}, []rule{
		is("no options", codeEmpty, "options", gone{}),
		is("misspelt field", codeMalformed, "options.is_last_back_up", true),
		is("no is_last_backup", codeEmpty, "options.is_last_backup", gone{}),
		is("is_last_backup as string", codeMalformed, "options.is_last_backup", "true"),
		is("is_last_backup as number", codeMalformed, "options.is_last_backup", 1),
		is("null is_last_backup", codeMalformed, "options.is_last_backup", nil),
		is("no is_precheck", codeEmpty, "options.is_precheck", gone{}),
		is("is_precheck as string", codeMalformed, "options.is_precheck", "false"),
		is("no is_cover", "", "options.is_cover", gone{}),
		is("is_cover as string", codeMalformed, "options.is_cover", "true"),
		is("no is_delete_backup_file", "", "options.is_delete_backup_file", gone{}),
		is("is_delete_backup_file as string", codeMalformed, "options.is_delete_backup_file", ""),
		is("no recovery_mode", codeEmpty, "options.recovery_mode", gone{}),
		is("empty recovery_mode", codeEmpty, "options.recovery_mode", ""),
		is("recovery_mode Full", codeInvalid, "options.recovery_mode", "Full"),
		is("recovery_mode 1", codeInvalid, "options.recovery_mode", "1"),
		is("recovery_mode incremental", codeInvalid, "options.recovery_mode", "incremental"),
		is("no db_names", "", "options.db_names", gone{}),
		is("db_names empty", "", "options.db_names", []any{}),
		is("db_names as string", codeMalformed, "options.db_names", "ims"),
		is("null in db_names", codeMalformed, "options.db_names", []any{nil}),
		is("some databases", "", some("ims", "Ünï_1-2")...),
		is("partial without names", codeEmpty, some("")...),
		is("partial with an empty list", codeEmpty, some()...),
		is("empty name beside one", codeInvalid, some("ims", "")...),
		is("name twice", codeInvalid, some("ims", "IMS")...),
		is("name with a dot", codeInvalid, some("a.b")...),
		is("system database", codeInvalid, some("Master")...),
		is("RDS's database", codeInvalid, some("rdsadmin")...),
		is("name of 256", "", some(strings.Repeat("d", 256))...),
		is("name of 257", codeInvalid, some(strings.Repeat("d", 257))...),
		is("100 names", "", some(many(100)...)...),
		is("101 names", codeInvalid, some(many(101)...)...),
		is("no map", "", "options.reset_db_name_map", gone{}),
		is("map as list", codeMalformed, "options.reset_db_name_map", []any{}),
		is("map to a number", codeMalformed, "options.reset_db_name_map", map[string]any{"": 1}),
		is("rename", "", rename()...),
		is("rename by the old name", codeInvalid, "options.reset_db_name_map", map[string]any{"ims": "new_db"}),
		is("rename to nothing", codeInvalid, "options.reset_db_name_map", map[string]any{"": ""}),
		is("rename to a system database", codeInvalid, "options.reset_db_name_map", map[string]any{"": "model"}),
		is("rename to 128", "", "options.reset_db_name_map", map[string]any{"": strings.Repeat("n", 128)}),
		is("rename to 129", codeInvalid, "options.reset_db_name_map", map[string]any{"": strings.Repeat("n", 129)}),
		is("two renames", codeInvalid, "options.reset_db_name_map", map[string]any{"": "new_db", "a": "b"}),
		is("rename, more to come", codeInvalid, rename("options.is_last_backup", false)...),
		is("rename of an incremental", codeInvalid, rename("options.recovery_mode", "incre")...),
		is("rename of a part", codeInvalid, rename("options.is_default_restore", false, "options.db_names", []any{"ims"})...),
		is("rename of two files", codeInvalid, rename("backup_info.files", []any{
			map[string]any{"name": "a.bak", "obs_path": ""}, map[string]any{"name": "b.bak", "obs_path": ""}})...),
	})
}

func TestRDSSourceIsValidated(t *testing.T) {
	good := edited(t, page(t, "request-rds-full.json"),
		"options.recovery_mode", "full", "options.is_last_backup", true, "base_info.description", "")
	runRules(t, good, Config{}, []rule{
		is("good", ""),
		is("empty bucket", "", "backup_info.bucket_name", ""),
		is("bucket", codeInvalid, "backup_info.bucket_name", "bucket"),
		is("no file_id", codeEmpty, "target_db_info.file_id", gone{}),
		is("file_id of an instance", codeInvalid, "target_db_info.file_id", instance),
		is("file name", codeInvalid, "backup_info.files.0.name", "a.bak"),
		is("no file name", codeEmpty, "backup_info.files.0.name", gone{}),
		is("folder", codeInvalid, "backup_info.files.0.obs_path", "a/"),
		is("no rds_version", codeEmpty, "backup_info.files.0.rds_version", gone{}),
		is("odd rds_version", codeInvalid, "backup_info.files.0.rds_version", "2019"),
		is("no source instance", codeEmpty, "backup_info.files.0.rds_source_instance_id", gone{}),
		is("odd source instance", codeInvalid, "backup_info.files.0.rds_source_instance_id", "x"),
		is("incremental", codeInvalid, "options.recovery_mode", "incre"),
		is("not the last", codeInvalid, "options.is_last_backup", false),
		is("name not listed", codeInvalid, "options.reset_db_name_map", map[string]any{"other": ""}),
		is("new name", "", "options.reset_db_name_map", map[string]any{"db_test12": "db_new"}),
		is("new name of 65", codeInvalid, "options.reset_db_name_map", map[string]any{"db_test12": strings.Repeat("n", 65)}),
		is("no names", codeEmpty, "options.db_names", []any{""}, "options.reset_db_name_map", map[string]any{}),
		is("all", "", "options.db_names", []any{""}, "options.reset_db_name_map", map[string]any{}, "options.is_default_restore", true),
	})
}
