package drssim

import (
	"fmt"
	"strings"
	"testing"
)

// step is one job of a scenario and its expected result.
type scene struct {
	job    jobSpec
	status string
	text   string // expected in error_log
	state  State  // of database ims afterwards
}

func full(key string) jobSpec { return jobSpec{keys: []string{key}} }
func incr(key string) jobSpec { return jobSpec{keys: []string{key}, incre: true} }

func (s jobSpec) theLast() jobSpec           { s.last = true; return s }
func (s jobSpec) covering() jobSpec          { s.cover = true; return s }
func (s jobSpec) unchecked() jobSpec         { s.quick = true; return s }
func (s jobSpec) of(names ...string) jobSpec { s.dbs = names; return s }

func play(t *testing.T, c Config, scenes []scene) *DRS {
	t.Helper()
	d, k := sim(t, c)
	for i, s := range scenes {
		j := ended(t, d, k, s.job.body())
		if j.Status != s.status || !strings.Contains(j.ErrorLog, s.text) || (s.text == "") != (j.ErrorLog == "") {
			t.Errorf("job %d (%s): %s %q, want %s %q", i+1, s.job.keys, j.Status, j.ErrorLog, s.status, s.text)
		}
		if got := d.Database(instance, "IMS"); got != s.state {
			t.Errorf("after job %d (%s): %s, want %s", i+1, s.job.keys, got, s.state)
		}
	}
	return d
}

// chain is a full backup of ims and three logs.
func chain(more ...Object) []Object {
	o := func(key, kind string, first, last uint64) Object {
		return Object{Bucket: "bucket", Key: key, Type: kind, Databases: []string{"ims"}, FirstLSN: first, LastLSN: last}
	}
	return append([]Object{
		o("ims.bak", Full, 100, 150), o("l1.bak", Log, 90, 200), o("l2.bak", Log, 200, 300), o("l3.bak", Log, 300, 400),
		o("diff.bak", Differential, 100, 250), o("ims2.bak", Full, 250, 260),
	}, more...)
}

const (
	notContinuous = "not continuous"
	notRestoring  = "not in the restoring state"
	sameName      = "same name already exists"
)

func TestChainIsRestoredInOrder(t *testing.T) {
	for name, scenes := range map[string][]scene{
		"the whole way": {
			{full("ims.bak"), Success, "", Restoring}, {incr("l1.bak"), Success, "", Restoring},
			{incr("l2.bak"), Success, "", Restoring}, {incr("l3.bak").theLast(), Success, "", Online},
		},
		"full and last": {{full("ims.bak").theLast(), Success, "", Online}},
		"nothing after the last": {
			{full("ims.bak").theLast(), Success, "", Online}, {incr("l1.bak"), PrecheckFailed, notRestoring, Online},
			{incr("l1.bak").theLast(), PrecheckFailed, notRestoring, Online},
		},
		"log without full":        {{incr("l1.bak"), PrecheckFailed, notRestoring, Absent}},
		"log without a precheck":  {{incr("l1.bak").unchecked(), Failed, notRestoring, Absent}},
		"log skipped":             {{full("ims.bak"), Success, "", Restoring}, {incr("l2.bak"), PrecheckFailed, notContinuous, Restoring}, {incr("l1.bak"), Success, "", Restoring}},
		"log repeated":            {{full("ims.bak"), Success, "", Restoring}, {incr("l1.bak"), Success, "", Restoring}, {incr("l1.bak"), PrecheckFailed, notContinuous, Restoring}, {incr("l2.bak"), Success, "", Restoring}},
		"logs swapped, the last":  {{full("ims.bak"), Success, "", Restoring}, {incr("l2.bak").theLast(), PrecheckFailed, notContinuous, Restoring}},
		"older log":               {{full("ims2.bak"), Success, "", Restoring}, {incr("l1.bak"), PrecheckFailed, notContinuous, Restoring}},
		"full over restoring":     {{full("ims.bak"), Success, "", Restoring}, {full("ims.bak"), PrecheckFailed, sameName, Restoring}},
		"full over online":        {{full("ims.bak").theLast(), Success, "", Online}, {full("ims.bak").unchecked(), Failed, sameName, Online}},
		"full covers restoring":   {{full("ims.bak"), Success, "", Restoring}, {incr("l1.bak"), Success, "", Restoring}, {full("ims.bak").covering(), Success, "", Restoring}, {incr("l1.bak"), Success, "", Restoring}},
		"full covers online":      {{full("ims.bak").theLast(), Success, "", Online}, {full("ims.bak").covering(), Success, "", Restoring}},
		"cover on an incremental": {{full("ims.bak"), Success, "", Restoring}, {incr("l1.bak").covering(), Success, "", Restoring}},
		"object missing":          {{full("none.bak"), PrecheckFailed, "restore:null", Absent}},
		"object elsewhere":        {{jobSpec{bucket: "bucket2", keys: []string{"ims.bak"}}, PrecheckFailed, "restore:null", Absent}},
		"full that is a log":      {{full("l1.bak"), PrecheckFailed, "is a log", Absent}},
		"full that is a diff":     {{full("diff.bak"), PrecheckFailed, "is an incremental", Absent}},
		"log that is a full":      {{full("ims.bak"), Success, "", Restoring}, {incr("ims2.bak"), PrecheckFailed, "is a full", Restoring}},
		"log that is a diff":      {{full("ims.bak"), Success, "", Restoring}, {incr("diff.bak"), PrecheckFailed, "is a differential", Restoring}},
		"name in another case":    {{full("ims.bak").of("IMS"), PrecheckFailed, "not in the backup file list", Absent}},
		"named":                   {{full("ims.bak").of("ims"), Success, "", Restoring}, {incr("l1.bak").of("ims"), Success, "", Restoring}},
	} {
		t.Run(name, func(t *testing.T) { play(t, Config{Objects: chain()}, scenes) })
	}
}

// A log without transactions starts and ends where the previous one ended.
func TestEmptyLogIsRestored(t *testing.T) {
	empty := Object{Bucket: "bucket", Key: "empty.bak", Type: Log, Databases: []string{"ims"}, FirstLSN: 200, LastLSN: 200}
	play(t, Config{Objects: chain(empty)}, []scene{
		{full("ims.bak"), Success, "", Restoring}, {incr("l1.bak"), Success, "", Restoring},
		{incr("empty.bak"), Success, "", Restoring}, {incr("empty.bak"), PrecheckFailed, notContinuous, Restoring},
		{incr("l2.bak").theLast(), Success, "", Online},
	})
}

func TestUnreadableObjectFailsTheJob(t *testing.T) {
	long := strings.Repeat("a", 197) + ".bak"
	object := func(o Object) Object {
		o.Bucket, o.Type, o.Databases, o.LastLSN = "bucket", Full, []string{"ims"}, 1
		return o
	}
	objects := []Object{
		object(Object{Key: "cold.bak", StorageClass: "COLD"}), object(Object{Key: "standard.bak", StorageClass: "STANDARD"}),
		object(Object{Key: "kms.bak", Encrypted: true}), object(Object{Key: "corrupt.bak", Corrupt: true}),
		object(Object{Key: long}),
	}
	play(t, Config{Objects: objects}, []scene{
		{full("cold.bak"), PrecheckFailed, "restore:null", Absent},
		{full("kms.bak"), PrecheckFailed, "Failed to obtain the restoration file information", Absent},
		{full("corrupt.bak"), PrecheckFailed, "verification failed", Absent},
		{full(long), PrecheckFailed, "not in the backup file list", Absent},
		{full("standard.bak"), Success, "", Restoring},
		{full("corrupt.bak").covering(), PrecheckFailed, "verification failed", Restoring},
		{full("corrupt.bak").covering().unchecked(), Failed, "verification failed", Absent},
	})
}

func TestExistingDatabaseNeedsCover(t *testing.T) {
	c := Config{Objects: chain(), Databases: map[string][]string{instance: {"Ims", "other"}}}
	d := play(t, c, []scene{
		{full("ims.bak"), PrecheckFailed, sameName, Online}, {incr("l1.bak"), PrecheckFailed, notRestoring, Online},
		{full("ims.bak").covering(), Success, "", Restoring},
	})
	d.DropDatabase(instance, "ims")
	if got := d.Database(instance, "ims"); got != Absent {
		t.Errorf("dropped: %s", got)
	}
	var many []string
	for i := range mostDatabases {
		many = append(many, fmt.Sprint("other", i))
	}
	c.Databases = map[string][]string{instance: many[1:]}
	play(t, c, []scene{{full("ims.bak"), Success, "", Restoring}})
	c.Databases = map[string][]string{instance: many}
	play(t, c, []scene{{full("ims.bak"), PrecheckFailed, "exceeds the threshold", Absent}})
	if got := d.Database("other-instance", "ims"); got != Absent {
		t.Errorf("other instance: %s", got)
	}
}

func TestSeveralDatabasesAreRestored(t *testing.T) {
	o := func(key, kind string, first, last uint64, names ...string) Object {
		return Object{Bucket: "bucket", Key: key, Type: kind, Databases: names, FirstLSN: first, LastLSN: last}
	}
	objects := []Object{
		o("ims.bak", Full, 1, 1, "ims"), o("crm.bak", Full, 5, 5, "crm"), o("both.bak", Full, 1, 1, "ims", "crm"),
		o("ims1.bak", Log, 1, 2, "ims"), o("crm1.bak", Log, 5, 6, "crm"), o("crm2.bak", Log, 6, 7, "crm"), o("both1.bak", Log, 1, 2, "ims", "crm"),
	}
	fulls := jobSpec{keys: []string{"ims.bak", "crm.bak"}}
	logs := jobSpec{keys: []string{"ims1.bak", "crm1.bak"}, incre: true}
	for name, scenes := range map[string][]scene{
		"a file each":           {{fulls, Success, "", Restoring}, {logs.theLast(), Success, "", Online}},
		"one file, one log":     {{full("both.bak"), Success, "", Restoring}, {incr("both1.bak").theLast(), Success, "", Online}},
		"another set":           {{fulls, Success, "", Restoring}, {incr("ims1.bak"), PrecheckFailed, "differ from those", Restoring}},
		"one of them in a file": {{full("both.bak").of("ims"), Success, "", Restoring}, {incr("both1.bak").of("ims"), Success, "", Restoring}},
		"one of them skipped":   {{fulls, Success, "", Restoring}, {jobSpec{keys: []string{"ims1.bak", "crm2.bak"}, incre: true}, PrecheckFailed, notContinuous, Restoring}},
		"stripes":               {{jobSpec{keys: []string{"ims.bak", "both.bak"}}, PrecheckFailed, "split over several files", Absent}},
	} {
		t.Run(name, func(t *testing.T) {
			d := play(t, Config{Objects: objects}, scenes)
			if name == "a file each" && d.Database(instance, "crm") != Online {
				t.Error("crm is not online")
			}
			if name == "one of them in a file" && d.Database(instance, "crm") != Absent {
				t.Error("crm was restored")
			}
		})
	}
}

func TestRenameRestoresUnderNewName(t *testing.T) {
	d, k := sim(t, Config{Objects: chain(), Databases: map[string][]string{instance: {"ims"}}})
	body := edited(t, full("ims.bak").theLast().body(), "options.reset_db_name_map", map[string]any{"": "ims_new"})
	j := ended(t, d, k, body)
	if j.Status != Success || d.Database(instance, "ims_new") != Online || d.Database(instance, "ims") != Online {
		t.Errorf("%s %s: ims_new %s", j.Status, j.ErrorLog, d.Database(instance, "ims_new"))
	}
	if m := decoded(t, d.Serve(get(jobsPath+"/"+j.ID, nil))); m["new_db_names"] != "ims_new" {
		t.Errorf("new_db_names %v", m["new_db_names"])
	}
	if again := ended(t, d, k, body); !strings.Contains(again.ErrorLog, "ims_new") || again.Status != PrecheckFailed {
		t.Errorf("a second time: %s %s", again.Status, again.ErrorLog)
	}
}

func TestRDSBackupIsRestoredOnline(t *testing.T) {
	body := edited(t, page(t, "request-rds-full.json"),
		"options.recovery_mode", "full", "options.is_last_backup", true, "base_info.description", "")
	d, k := sim(t, Config{})
	if j := ended(t, d, k, body); j.Status != Success || d.Database(instance, "db_sqls2v5_01") != Online {
		t.Errorf("%s %s", j.Status, j.ErrorLog)
	}
	if m := decoded(t, d.Serve(get(jobsPath+"/"+d.Jobs()[0].ID, nil))); member(m, "backup_info.file_info.0.file_name") != "" || member(m, "backup_info.file_source") != "RDS" {
		t.Errorf("%v", m)
	}
	known := Object{Key: "0d87037d934848999fdc10bbabb08e6fbr04", Type: Full, Databases: []string{"db_test12"}}
	d, k = sim(t, Config{Objects: []Object{known}})
	if j := ended(t, d, k, body); !strings.Contains(j.ErrorLog, "db_hailiang_schema") {
		t.Errorf("%s %q, want a database that is not in the backup", j.Status, j.ErrorLog)
	}
}

// Only one database can be renamed, even if the request does not show the number.
func TestRenameOfTwoDatabasesFails(t *testing.T) {
	d, k := sim(t, Config{Objects: []Object{{Bucket: "bucket", Key: "two.bak", Type: Full, Databases: []string{"a", "b"}}}})
	if j := ended(t, d, k, edited(t, full("two.bak").theLast().body(), "options.reset_db_name_map", map[string]any{"": "c"})); j.Status != PrecheckFailed {
		t.Errorf("%s", j.Status)
	}
}

func TestPutObjectReplacesObject(t *testing.T) {
	d, k := sim(t, Config{Objects: []Object{}})
	if j := ended(t, d, k, full("ims.bak").body()); j.Status != PrecheckFailed {
		t.Errorf("an empty manifest: %s", j.Status)
	}
	d.PutObject(chain()[0])
	if j := ended(t, d, k, full("ims.bak").body()); j.Status != Success {
		t.Errorf("after the upload: %s %s", j.Status, j.ErrorLog)
	}
}

func TestFailedFullRemovesOverwrittenDatabase(t *testing.T) {
	d, k := sim(t, Config{
		Objects:   chain(Object{Bucket: "bucket", Key: "any.bak", Type: Log, Databases: []string{"ims"}, LastLSN: 900}),
		Databases: map[string][]string{instance: {"ims"}},
		Faults:    parseFaults(t, "job-failed@1:The instance was switched over."),
	})
	if j := ended(t, d, k, full("ims.bak").covering().body()); j.Status != Failed || j.ErrorLog != "The instance was switched over." {
		t.Errorf("%s %q", j.Status, j.ErrorLog)
	}
	if got := d.Database(instance, "ims"); got != Absent {
		t.Errorf("%s, want %s", got, Absent)
	}
	if j := ended(t, d, k, incr("any.bak").body()); j.Status != PrecheckFailed {
		t.Errorf("a log after it: %s", j.Status)
	}
	if j := ended(t, d, k, full("ims.bak").body()); j.Status != Success {
		t.Errorf("again without cover: %s %s", j.Status, j.ErrorLog)
	}
}

// An incremental that fails does not change its database: it can be sent again.
func TestFailedIncrementalKeepsDatabase(t *testing.T) {
	d, k := sim(t, Config{Objects: chain(), Faults: parseFaults(t, "job-failed@2")})
	ended(t, d, k, full("ims.bak").body())
	if j := ended(t, d, k, incr("l1.bak").body()); j.Status != Failed || d.Database(instance, "ims") != Restoring {
		t.Errorf("%s, %s", j.Status, d.Database(instance, "ims"))
	}
	if j := ended(t, d, k, incr("l1.bak").body()); j.Status != Success {
		t.Errorf("again: %s %s", j.Status, j.ErrorLog)
	}
}

// Databases suggested by file names, without a manifest and without names.
func TestFileNamesSuggestDatabases(t *testing.T) {
	d, k := sim(t, Config{})
	ended(t, d, k, jobSpec{keys: []string{"crm.bak", "a/crm_old.bak"}}.body())
	if d.Database(instance, "crm") != Restoring || d.Database(instance, "crm_old") != Restoring {
		t.Error("two files are not two databases")
	}
	both := jobSpec{keys: []string{"crm_old_1.bak", "crm_1.bak"}, incre: true}
	if j := ended(t, d, k, both.theLast().body()); j.Status != Success || d.Database(instance, "crm") != Online || d.Database(instance, "crm_old") != Online {
		t.Errorf("%s %s", j.Status, j.ErrorLog)
	}
	named := jobSpec{keys: []string{"x.bak", "y.bak"}, dbs: []string{"one", "two", "three"}}
	if j := ended(t, d, k, named.body()); j.Status != Success || d.Database(instance, "three") != Restoring {
		t.Errorf("%s %s", j.Status, j.ErrorLog)
	}
	if j := ended(t, d, k, incr("z.bak").body()); !strings.Contains(j.ErrorLog, notRestoring) {
		t.Errorf("a log of nothing known: %s %s", j.Status, j.ErrorLog)
	}
}
