package drssim

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/migplan/migplan/internal/lazy"
)

var (
	// 4 to 50, a letter first (page; name-validation page).
	jobName    = lazy.Regexp(`^[A-Za-z][A-Za-z0-9_-]{3,49}$`)
	plainID    = lazy.Regexp(`^[A-Za-z0-9-]{1,64}$`)
	bucketName = lazy.Regexp(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	// A name longer than 200 is accepted and fails in the job (guides).
	fileName   = lazy.Regexp(`^[A-Za-z0-9_-]+\.bak$`)
	folderName = lazy.Regexp(`^[ -.0-\[\]-~]+$`) // printable ASCII without / and \
	// Ids of RDS for SQL Server end in in04, those of its backups in br04.
	instanceID = lazy.Regexp(`^[0-9A-Za-z_-]{1,60}in04$`)
	backupID   = lazy.Regexp(`^[0-9A-Za-z_-]{1,60}br04$`)
	rdsVersion = lazy.Regexp(`^20[0-9]{2}_(EE|SE|WEB)$`)
	accessKey  = lazy.Regexp(`^SDK-HMAC-SHA256 Access=([^,]+),`)
)

// Names that may have letters of any language, according to the newer page and the
// SDK.
func goodTagKey(s string) bool     { return s != "" && word(s, 36, "_-") }
func goodTagValue(s string) bool   { return word(s, 43, " _.:/=+@-") }
func goodDatabase(s string) bool   { return s != "" && word(s, 256, "_-") }
func goodNewName(s string) bool    { return s != "" && word(s, 128, "_-") }
func goodNewNameRDS(s string) bool { return s != "" && word(s, 64, "_-") }

// word allows at most this many letters, digits and characters in others.
func word(s string, most int, others string) bool {
	return utf8.RuneCountInString(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune(others, r)
	})
}

// goodDescription follows the console. The page has no rule, and its own RDS example
// has an apostrophe.
func (c *checker) goodDescription(s string) bool {
	return utf8.RuneCountInString(s) <= 256 && !strings.ContainsAny(s, `!=<>'&"\`) && !strings.ContainsFunc(s, unicode.IsControl)
}

// goodBucket is table 6 of the page, bucket_name.
func goodBucket(name string) bool {
	_, err := netip.ParseAddr(name)
	return err != nil && bucketName().MatchString(name) && !strings.Contains(name, "..")
}

// goodFolder: only Latin letters (guides), and each segment is a name.
func goodFolder(folder string) bool {
	if folder == "" {
		return true
	}
	inner, slash := strings.CutSuffix(folder, "/")
	if !slash || len(folder) > 1023 {
		return false
	}
	for segment := range strings.SplitSeq(inner, "/") {
		if segment == "." || segment == ".." || segment != strings.TrimSpace(segment) || !folderName().MatchString(segment) {
			return false
		}
	}
	return true
}

// reserved are the system databases of SQL Server and of RDS (guides).
func reserved(name string) bool {
	switch strings.ToLower(name) {
	case "master", "model", "msdb", "tempdb", "resource", "rdsadmin":
		return true
	}
	return false
}

// crossFieldRules are the rules about several fields.
func (c *checker) crossFieldRules(j *Job) {
	if j.Source == "RDS" {
		c.wholeRDS(j)
		return
	}
	c.want(j.FileID == "", "target_db_info.file_id", "only for file_source RDS")
	if len(j.ResetNames) > 0 {
		c.rename(j)
	}
}

// wholeRDS: one full backup of RDS that is also the last, with names mapped to "" or
// to new names (page, the third scenario and its example).
func (c *checker) wholeRDS(j *Job) {
	if j.FileID == "" {
		c.empty("target_db_info.file_id")
	}
	c.want(backupID().MatchString(j.FileID), "target_db_info.file_id", "the id of an RDS backup")
	c.want(j.Mode == "full", "options.recovery_mode", "an RDS backup is a full backup")
	c.want(j.Last, "options.is_last_backup", "nothing can follow an RDS backup")
	names := map[string]bool{}
	for _, n := range j.Databases {
		names[n] = true
	}
	for old, to := range j.ResetNames {
		c.want(names[old], "options.reset_db_name_map", "a name that is not in db_names")
		c.want(to == "" || goodNewNameRDS(to) && !reserved(to), "options.reset_db_name_map", "1 to 64 letters, digits, - and _")
	}
}

// rename: only for one database in a full backup that is also the last, restored
// completely; the key is literally "" (page, table 8; guides).
func (c *checker) rename(j *Job) {
	const field = "options.reset_db_name_map"
	to, named := j.ResetNames[""]
	c.want(named && len(j.ResetNames) == 1, field, `the only key is ""`)
	c.want(goodNewName(to) && !reserved(to), field, "1 to 128 letters, digits, - and _")
	c.want(j.Mode == "full" && j.Last, field, "only for a full backup that is the last")
	c.want(j.All && len(j.Files) == 1 && len(j.Databases) <= 1, field, "only for one database that is restored completely")
	j.NewName = to
}
