package drssim

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode"
)

// The codes that DRS gives for a request it does not accept (4.2).
const (
	codeEmpty   = "DRS.M00200"
	codeInvalid = "DRS.M00201"
	codeTags    = "DRS.M00270"
)

// field is what the page says of one field of a body.
type field struct {
	kind     string // "string", "bool", "list", "map", "object"
	required bool
	values   []string // the only values, where the page names them
}

// The tables of the create page (1.2). is_precheck, is_last_backup and
// recovery_mode are mandatory; obs_path and bucket_name are for OBS.
func bodyTables() map[string]map[string]field {
	return map[string]map[string]field{
		"base_info": {
			"name": {"string", true, nil}, "engine_type": {"string", true, []string{"sqlserver"}},
			"description": {"string", false, nil}, "tags": {"list", false, nil}, "enterprise_project_id": {"string", false, nil},
		},
		"target_db_info": {
			"target_instance_id": {"string", true, nil}, "ms_file_stream_status": {"string", false, []string{"on", "off"}}, "file_id": {"string", false, nil},
		},
		"backup_info": {
			"file_source": {"string", true, []string{"OBS", "RDS"}}, "bucket_name": {"string", false, nil}, "files": {"list", true, nil},
		},
		"options": {
			"is_cover": {"bool", false, nil}, "is_default_restore": {"bool", false, nil}, "is_last_backup": {"bool", true, nil},
			"is_precheck": {"bool", true, nil}, "recovery_mode": {"string", true, []string{"full", "incre"}},
			"db_names": {"list", false, nil}, "reset_db_name_map": {"map", false, nil}, "is_delete_backup_file": {"bool", false, nil},
		},
	}
}

func fileTable() map[string]field {
	return map[string]field{
		"name": {"string", true, nil}, "obs_path": {"string", false, nil},
		"rds_version": {"string", false, nil}, "rds_source_instance_id": {"string", false, nil},
	}
}

func invalid(format string, args ...any) *Refusal {
	return &Refusal{Status: 400, Code: codeInvalid, Message: "Parameter invalid: " + fmt.Sprintf(format, args...)}
}

// parse reads a create-job body, and refuses whatever the page does not allow.
func parse(body []byte) (*Job, *Refusal) {
	top, err := strictObject(body)
	if err != nil {
		return nil, invalid("%v", err)
	}
	for name, table := range bodyTables() {
		part, ok := top[name].(map[string]any)
		if !ok {
			return nil, &Refusal{400, codeEmpty, "Parameter empty: " + name}
		}
		if r := checkTable(name, part, table); r != nil {
			return nil, r
		}
	}
	if len(top) != len(bodyTables()) {
		return nil, invalid("unknown field beside base_info, target_db_info, backup_info and options")
	}
	j := read(top)
	j.Body = body
	for _, check := range []func(*Job, map[string]any) *Refusal{checkBase, checkTarget, checkBackup, checkOptions} {
		if r := check(j, top); r != nil {
			return nil, r
		}
	}
	return j, nil
}

func checkTable(where string, part map[string]any, table map[string]field) *Refusal {
	for key, v := range part {
		f, ok := table[key]
		if !ok {
			return invalid("%s.%s is not known", where, key)
		}
		if !isKind(v, f.kind) {
			return invalid("%s.%s must be a %s", where, key, f.kind)
		}
		if s, ok := v.(string); ok && f.values != nil && !contains(f.values, s) {
			return invalid("%s.%s must be one of %s", where, key, strings.Join(f.values, ", "))
		}
	}
	for key, f := range table {
		if _, ok := part[key]; f.required && !ok {
			return &Refusal{400, codeEmpty, fmt.Sprintf("Parameter empty: %s.%s", where, key)}
		}
	}
	return nil
}

func isKind(v any, kind string) bool {
	var ok bool
	switch kind {
	case "string":
		_, ok = v.(string)
	case "bool":
		_, ok = v.(bool)
	case "list":
		_, ok = v.([]any)
	default:
		_, ok = v.(map[string]any)
	}
	return ok
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// read takes the fields of a body whose kinds are right.
func read(top map[string]any) *Job {
	get := func(object, key string) any { return top[object].(map[string]any)[key] }
	str := func(object, key string) string { s, _ := get(object, key).(string); return s }
	yes := func(object, key string) bool { b, _ := get(object, key).(bool); return b }
	j := &Job{
		Name: str("base_info", "name"), Description: str("base_info", "description"),
		EnterpriseProject: str("base_info", "enterprise_project_id"), Instance: str("target_db_info", "target_instance_id"),
		Bucket: str("backup_info", "bucket_name"), Source: str("backup_info", "file_source"),
		Mode: str("options", "recovery_mode"), Last: yes("options", "is_last_backup"),
		Cover: yes("options", "is_cover"), Precheck: yes("options", "is_precheck"),
	}
	j.Tags, _ = get("base_info", "tags").([]any)
	for _, n := range asList(get("options", "db_names")) {
		s, _ := n.(string)
		j.Databases = append(j.Databases, s)
	}
	return j
}

func asList(v any) []any { l, _ := v.([]any); return l }

var (
	nameForm   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{3,49}$`)
	tagKey     = regexp.MustCompile(`^[\p{L}\p{N}_-]{1,36}$`)
	tagValue   = regexp.MustCompile(`^[\p{L}\p{N} _.:/=+@-]{0,43}$`)
	bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	fileForm   = regexp.MustCompile(`^[^/\\]{1,200}\.bak$`)
)

func checkBase(j *Job, _ map[string]any) *Refusal {
	switch {
	case !nameForm.MatchString(j.Name):
		return invalid("base_info.name %q", j.Name)
	case len([]rune(j.Description)) > 256 || strings.ContainsAny(j.Description, "!=<>&\"\\\n"):
		return invalid("base_info.description")
	case len(j.Tags) > 20:
		return &Refusal{400, codeTags, "Too many tags."}
	}
	seen := map[string]bool{}
	for _, t := range j.Tags {
		tag, _ := t.(map[string]any)
		key, okKey := tag["key"].(string)
		value, okValue := tag["value"].(string)
		if !okKey || !okValue || len(tag) != 2 || !tagKey.MatchString(key) || !tagValue.MatchString(value) || seen[key] {
			return &Refusal{400, codeTags, "Invalid tag."}
		}
		seen[key] = true
	}
	return nil
}

func checkTarget(j *Job, top map[string]any) *Refusal {
	id, _ := top["target_db_info"].(map[string]any)["file_id"].(string)
	switch {
	case j.Instance == "":
		return &Refusal{400, "DRS.M06007", "The DB instance is blank."}
	case !strings.HasSuffix(j.Instance, "in04"):
		return &Refusal{422, "DRS.M05006", "The RDS instance is invalid."}
	case j.Source == "RDS" && !strings.HasSuffix(id, "br04"):
		return invalid("target_db_info.file_id")
	case j.Source == "OBS" && id != "":
		return invalid("target_db_info.file_id is for file_source RDS")
	}
	return nil
}

func checkBackup(j *Job, top map[string]any) *Refusal {
	files := asList(top["backup_info"].(map[string]any)["files"])
	if len(files) == 0 {
		return &Refusal{400, codeEmpty, "Parameter empty: backup_info.files"}
	}
	if _, err := netip.ParseAddr(j.Bucket); j.Source == "OBS" && (err == nil || !bucketForm.MatchString(j.Bucket)) {
		return invalid("backup_info.bucket_name")
	}
	for _, f := range files {
		file, ok := f.(map[string]any)
		if !ok {
			return invalid("backup_info.files")
		}
		if r := checkTable("backup_info.files[]", file, fileTable()); r != nil {
			return r
		}
		if r := checkFile(j, file); r != nil {
			return r
		}
	}
	if j.Source == "RDS" && len(files) != 1 {
		return invalid("one file for file_source RDS")
	}
	return nil
}

// checkFile: obs_path must be there even when empty, without a leading and
// with one trailing slash, as in every example (1.2, quirks 1 and 2).
func checkFile(j *Job, file map[string]any) *Refusal {
	name, _ := file["name"].(string)
	folder, hasFolder := file["obs_path"].(string)
	if j.Source == "RDS" {
		version, _ := file["rds_version"].(string)
		source, _ := file["rds_source_instance_id"].(string)
		if version == "" || !strings.HasSuffix(source, "in04") {
			return invalid("rds_version or rds_source_instance_id")
		}
		return nil
	}
	switch {
	case !fileForm.MatchString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return invalid("backup_info.files[].name %q", name)
	case !hasFolder:
		return &Refusal{400, codeEmpty, "Parameter empty: backup_info.files[].obs_path"}
	case folder != "" && (strings.HasPrefix(folder, "/") || !strings.HasSuffix(folder, "/") || strings.Contains(folder, "//")):
		return invalid("backup_info.files[].obs_path %q", folder)
	}
	j.Files = append(j.Files, folder+name)
	return nil
}

func checkOptions(j *Job, top map[string]any) *Refusal {
	o := top["options"].(map[string]any)
	all, _ := o["is_default_restore"].(bool)
	names := asList(o["db_names"])
	for _, n := range names {
		s, ok := n.(string)
		switch {
		case !ok || s == "" && len(names) > 1:
			return invalid("options.db_names")
		case contains([]string{"msdb", "master", "model", "tempdb", "rdsadmin", "resource"}, strings.ToLower(s)):
			return invalid("options.db_names: %s is reserved", s)
		}
	}
	named := len(names) > 0 && names[0] != ""
	switch {
	case len(names) > 100:
		return invalid("options.db_names has more than 100")
	case !named && !all:
		return invalid("a partial restore must specify the database name")
	case j.Source == "RDS" && (j.Mode != "full" || !j.Last):
		return invalid("an RDS backup is one full backup and the last")
	}
	return checkRename(j, o, named)
}

// checkRename: only for one database in a full backup that is the last (2.7).
// The RDS example maps each name to "".
func checkRename(j *Job, o map[string]any, named bool) *Refusal {
	renames, _ := o["reset_db_name_map"].(map[string]any)
	for old, v := range renames {
		to, ok := v.(string)
		switch {
		case !ok:
			return invalid("options.reset_db_name_map")
		case j.Source == "RDS" && to == "":
			continue
		case old != "" || len(renames) > 1 || named || j.Mode != "full" || !j.Last || to == "" || len(to) > 128 || len(j.Files) != 1:
			return invalid("options.reset_db_name_map")
		}
		j.Rename = to
	}
	return nil
}
