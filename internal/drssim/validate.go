package drssim

import (
	"slices"
)

// parse reads the body of a create and refuses anything that the page does not
// allow. It checks only the body.
func (c *checker) parse(body []byte) *Job {
	top := c.top(body)
	top.only("base_info", "target_db_info", "backup_info", "options")
	j := &Job{Body: slices.Clone(body)}
	base, target := top.neededPart("base_info"), top.neededPart("target_db_info")
	backup, options := top.neededPart("backup_info"), top.neededPart("options")
	if c.refused != nil {
		return nil
	}
	base.base(j)
	target.target(j)
	backup.backup(j)
	options.options(j)
	if c.refused == nil {
		c.crossFieldRules(j)
	}
	if c.refused != nil {
		return nil
	}
	return j
}

// base is table 4 of the page.
func (p part) base(j *Job) {
	p.only("name", "engine_type", "description", "tags", "enterprise_project_id")
	j.Name = p.neededText("name")
	p.want(j.Name == "" || jobName().MatchString(j.Name), p.at("name"), "4 to 50 letters, digits, - and _, a letter first")
	engine := p.neededText("engine_type")
	p.want(engine == "" || engine == "sqlserver", p.at("engine_type"), "only sqlserver is supported")
	j.Description = p.text("description")
	p.want(p.goodDescription(j.Description), p.at("description"), `at most 256 characters, none of ! = < > ' & " \ and no control character`)
	j.EnterpriseProjectID = p.text("enterprise_project_id")
	p.want(j.EnterpriseProjectID == "" || plainID().MatchString(j.EnterpriseProjectID), p.at("enterprise_project_id"), "0 or an id")
	j.Tags = p.tags()
}

// tags is table 5 of the page; the maximum number and the length of a value come
// from the guides.
func (p part) tags() []Tag {
	var tags []Tag
	seen := map[string]bool{}
	for _, t := range p.parts("tags", false) {
		t.only("key", "value")
		tag := Tag{Key: t.neededText("key")}
		tag.Value, _ = take[string](t, "value", "a string", true)
		if !goodTagKey(tag.Key) || seen[tag.Key] {
			p.refuse(400, codeTagKey, "The key of %s is invalid.", t.path)
		}
		if !goodTagValue(tag.Value) {
			p.refuse(400, codeTagValue, "The value of %s is invalid.", t.path)
		}
		seen[tag.Key] = true
		tags = append(tags, tag)
	}
	if len(tags) > 20 {
		p.refuse(400, codeTagCount, "There are more than 20 tags.")
	}
	return tags
}

// target is target_db_info.
func (p part) target(j *Job) {
	p.only("target_instance_id", "ms_file_stream_status", "file_id")
	id, there := take[string](p, "target_instance_id", "a string", true)
	if there && id == "" {
		p.refuse(400, "DRS.M06007", "The DB instance is blank.")
	}
	if there && !instanceID().MatchString(id) {
		p.refuse(422, "DRS.M05006", "The RDS instance is invalid: %q.", id)
	}
	j.Instance = id
	j.FileStream = "off"
	if _, given := p.members["ms_file_stream_status"]; given {
		j.FileStream = p.text("ms_file_stream_status")
		p.want(j.FileStream == "on" || j.FileStream == "off", p.at("ms_file_stream_status"), "on or off")
	}
	j.FileID = p.text("file_id")
}

// backup is backup_info.
func (p part) backup(j *Job) {
	p.only("file_source", "bucket_name", "files")
	j.Source = p.neededText("file_source")
	p.want(j.Source == "" || j.Source == "OBS" || j.Source == "RDS", p.at("file_source"), "OBS or RDS, in upper case")
	j.Bucket = p.text("bucket_name")
	files := p.parts("files", true)
	if len(files) == 0 {
		p.empty(p.at("files"))
	}
	switch j.Source {
	case "OBS":
		p.obs(j, files)
	case "RDS":
		p.rds(j, files)
	}
}

func (p part) obs(j *Job, files []part) {
	if j.Bucket == "" {
		p.empty(p.at("bucket_name"))
	}
	p.want(goodBucket(j.Bucket), p.at("bucket_name"), "3 to 63 lower-case letters, digits, - and ., and no address")
	for _, f := range files {
		key := f.objectKey()
		p.want(!slices.Contains(j.Files, key), f.path, "duplicate file")
		j.Files = append(j.Files, key)
	}
}

// objectKey reads one file of a bucket. obs_path must be present: "" at the root,
// else without a leading and with one trailing slash, as in all examples of the
// page.
func (f part) objectKey() string {
	f.only("name", "obs_path", "rds_version", "rds_source_instance_id")
	name := f.neededText("name")
	folder, there := take[string](f, "obs_path", "a string", true)
	f.want(name == "" || fileName().MatchString(name), f.at("name"), "letters, digits, _ and -, and the suffix .bak")
	f.want(!there || goodFolder(folder), f.at("obs_path"), "empty, or folders without a leading and with one trailing slash")
	for _, key := range []string{"rds_version", "rds_source_instance_id"} {
		f.want(f.text(key) == "", f.at(key), "only for file_source RDS")
	}
	return folder + name
}

// rds reads the single entry of an RDS backup, which has no name and no path.
func (p part) rds(j *Job, files []part) {
	p.want(j.Bucket == "", p.at("bucket_name"), "only for file_source OBS")
	p.want(len(files) <= 1, p.at("files"), "one entry for file_source RDS")
	for _, f := range files {
		f.only("name", "obs_path", "rds_version", "rds_source_instance_id")
		take[string](f, "name", "a string", true)
		f.want(f.text("name") == "" && f.text("obs_path") == "", f.path, "name and obs_path are empty for file_source RDS")
		version, source := f.neededText("rds_version"), f.neededText("rds_source_instance_id")
		f.want(version == "" || rdsVersion().MatchString(version), f.at("rds_version"), "a version such as 2019_EE")
		f.want(source == "" || instanceID().MatchString(source), f.at("rds_source_instance_id"), "the id of an RDS instance for SQL Server")
	}
	j.Files = []string{j.FileID}
}

// options is table 8 of the page.
func (p part) options(j *Job) {
	p.only("is_cover", "is_default_restore", "is_last_backup", "is_precheck", "recovery_mode",
		"db_names", "reset_db_name_map", "is_delete_backup_file")
	j.Cover, j.Last, j.Precheck = p.flag("is_cover"), p.neededFlag("is_last_backup"), p.neededFlag("is_precheck")
	all, given := take[bool](p, "is_default_restore", "a Boolean", false)
	j.All = all || !given && j.Source == "OBS" // the page has no default; the Terraform provider's is true
	p.flag("is_delete_backup_file")
	j.Mode = p.neededText("recovery_mode")
	p.want(j.Mode == "" || j.Mode == "full" || j.Mode == "incre", p.at("recovery_mode"), "full or incre")
	j.DBNames = p.texts("db_names")
	j.ResetNames = p.textMap("reset_db_name_map")
	p.databases(j)
}

// databases: 1 to 256 letters, digits, - and _, 100 at most, and no system
// database (guides). [""] stands for all of them, as in the page's examples.
func (p part) databases(j *Job) {
	at := p.at("db_names")
	seen := map[string]bool{}
	for _, n := range j.DBNames {
		if n == "" {
			p.want(len(j.DBNames) == 1, at, "an empty name together with others")
			continue
		}
		p.want(goodDatabase(n), at, "1 to 256 letters, digits, - and _")
		p.want(!reserved(n), at, "a system database")
		p.want(!seen[fold(n)], at, "duplicate name")
		seen[fold(n)] = true
		j.Databases = append(j.Databases, n)
	}
	p.want(len(j.DBNames) <= 100, at, "more than 100 databases")
	if !j.All && len(j.Databases) == 0 {
		p.refuse(400, codeEmpty, "A partial restore must specify the database name: the %s parameter is empty.", at)
	}
}
