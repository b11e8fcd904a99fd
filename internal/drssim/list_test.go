package drssim

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const elsewhere = "1b4293718cd650cdd57dd0b9866872b7in04"

// listed returns the names on a page, and its count.
func listed(t *testing.T, d *DRS, query string) ([]string, int) {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	resp := d.Serve(get(jobsPath, q))
	if resp.Status != 200 {
		t.Fatalf("%s: %d %s", query, resp.Status, resp.Body)
	}
	m := decoded(t, resp)
	names := []string{}
	for _, j := range m["jobs"].([]any) {
		names = append(names, j.(map[string]any)["name"].(string))
	}
	return names, int(m["count"].(float64))
}

// some creates jobs one minute apart: job-00, job-01 and so on.
func some(t *testing.T, n int, c Config) (*DRS, *clock) {
	t.Helper()
	d, k := sim(t, c)
	for i := range n {
		accepted(t, d, jobSpec{name: fmt.Sprintf("job-%02d", i), keys: []string{"ims.bak"}, cover: true}.body())
		k.add(time.Minute)
	}
	return d, k
}

func TestPageHoldsFiftyJobs(t *testing.T) {
	d, _ := some(t, 60, Config{})
	resp := d.Serve(get(jobsPath, map[string][]string{"limit": {"100"}}))
	if jobs := decoded(t, resp)["jobs"].([]any); len(jobs) != mostListed {
		t.Errorf("%d jobs, want %d", len(jobs), mostListed)
	}
}

func TestPagingFollowsOffsetAndLimit(t *testing.T) {
	d, _ := some(t, 25, Config{})
	d.SetDescription(d.Jobs()[3].ID, "zzz")
	d.jobs[7].Instance = elsewhere
	for _, c := range []struct {
		query       string
		first, last string
		n           int
	}{
		{"sort_key=created_at&sort_dir=desc", "job-24", "job-15", 10},
		{"sort_key=created_at&sort_dir=desc&limit=7", "job-24", "job-18", 7},
		{"sort_key=created_at&sort_dir=desc&limit=7&offset=1", "job-23", "job-17", 7},
		{"sort_key=created_at&sort_dir=desc&limit=7&offset=21", "job-03", "job-00", 4},
		{"sort_key=created_at&sort_dir=desc&limit=7&offset=25", "", "", 0},
		{"sort_key=created_at&sort_dir=desc&limit=100", "job-24", "job-00", 25},
		{"sort_key=created_at&limit=3", "job-00", "job-02", 3},
		{"sort_key=name&sort_dir=asc&limit=3", "job-00", "job-02", 3},
		{"sort_key=name&sort_dir=desc&limit=3", "job-24", "job-22", 3},
		{"sort_key=inst_id&sort_dir=desc&limit=1", "job-07", "job-07", 1},
		{"sort_key=description&sort_dir=desc&limit=1", "job-03", "job-03", 1},
	} {
		names, count := listed(t, d, c.query)
		first, last := "", ""
		if len(names) > 0 {
			first, last = names[0], names[len(names)-1]
		}
		if len(names) != c.n || first != c.first || last != c.last || count != 25 {
			t.Errorf("%s: %d jobs from %s to %s, count %d", c.query, len(names), first, last, count)
		}
	}
	if names, _ := listed(t, d, "limit=100"); slices.IsSorted(names) {
		t.Error("without a sort_key the order is still that of creation")
	}
}

func TestFiltersSelectJobs(t *testing.T) {
	d, k := sim(t, Config{})
	add := func(name string, edits ...any) string {
		k.add(time.Second)
		return accepted(t, d, edited(t, jobSpec{name: name, keys: []string{"a.bak"}}.body(), edits...))
	}
	add("alpha-1", "base_info.description", "Step ONE")
	k.add(time.Hour)
	add("alpha-2", "base_info.enterprise_project_id", "ep1", "base_info.description", "step two")
	add("beta-1", "target_db_info.target_instance_id", elsewhere)
	d.Delete(add("alpha-3"))
	for query, want := range map[string][]string{
		"":                              {"alpha-1", "alpha-2", "beta-1"},
		"name=LPHA":                     {"alpha-1", "alpha-2"},
		"name=-1":                       {"alpha-1", "beta-1"},
		"name=alpha-3":                  {},
		"description=step":              {"alpha-1", "alpha-2"},
		"status=SUCCESS":                {"alpha-1"},
		"status=TRANSFERRING":           {"alpha-2", "beta-1"},
		"status=PRECHECK%20FAILED":      {},
		"enterprise_project_id=ep1":     {"alpha-2"},
		"enterprise_project_id=0":       {"alpha-1", "beta-1"},
		"dbs_instance_ids=" + elsewhere: {"beta-1"},
		"dbs_instance_ids=x&name=alpha": {},
		"name=alpha&dbs_instance_ids=x&dbs_instance_ids=" + instance: {"alpha-1", "alpha-2"},
	} {
		names, count := listed(t, d, query+"&sort_key=created_at")
		if !slices.Equal(names, want) || count != len(want) {
			t.Errorf("%s: %v, count %d, want %v", query, names, count, want)
		}
	}
}

func TestListRefusesInvalidQuery(t *testing.T) {
	d, _ := sim(t, Config{})
	eleven := strings.Repeat("dbs_instance_ids=x&", 11)
	for query, code := range map[string]string{
		"limit=0": "DRS.M00210", "limit=-1": "DRS.M00210", "limit=ten": "DRS.M00210", "limit=": "DRS.M00210", "limit=99999999999999999999": "DRS.M00210",
		"offset=-1": "DRS.M00210", "offset=x": "DRS.M00210", "limit=1&limit=2": codeMalformed, "nmae=x": codeMalformed,
		"status=success": codeInvalid, "status=PRECHECK_FAILED": codeInvalid, "sort_key=id": codeInvalid, "sort_dir=DESC": codeInvalid,
		"tags=a": codeInvalid, "create_at=1": codeInvalid, "completed_at=1": codeInvalid, eleven: codeInvalid,
	} {
		q, _ := url.ParseQuery(query)
		if resp := d.Serve(get(jobsPath, q)); resp.Status != 400 || resp.code != code {
			t.Errorf("%s: %d %s, want %s", query, resp.Status, resp.Body, code)
		}
	}
}

func TestListRespectsLagAndOwner(t *testing.T) {
	d, k := sim(t, Config{ListLag: time.Minute, OwnJobsOnly: true})
	id := accepted(t, d, full("ims.bak").body())
	for _, c := range []struct {
		wait time.Duration
		n    int
	}{{0, 0}, {time.Minute - 1, 0}, {1, 1}} {
		k.add(c.wait)
		if names, count := listed(t, d, ""); len(names) != c.n || count != c.n {
			t.Errorf("after %s: %d jobs, count %d, want %d", c.wait, len(names), count, c.n)
		}
	}
	if resp := d.Serve(get(jobsPath+"/"+id, nil)); resp.Status != 200 {
		t.Errorf("the detail is not hidden: %d", resp.Status)
	}
	r := get(jobsPath, nil)
	r.Header = map[string][]string{
		"Authorization": {"SDK-HMAC-SHA256 Access=OTHER, SignedHeaders=x-sdk-date, Signature=0"},
		"X-Sdk-Date":    {k.now.Format("20060102T150405Z")},
	}
	if m := decoded(t, d.Serve(r)); m["count"] != 0.0 {
		t.Errorf("somebody else sees %v", m)
	}
}

func TestListItemHasOnlyDocumentedFields(t *testing.T) {
	d, _ := some(t, 1, Config{})
	m := decoded(t, d.Serve(get(jobsPath, nil)))
	item := m["jobs"].([]any)[0].(map[string]any)
	want := []string{"create_time", "description", "engine_type", "enterprise_project_id", "error_log", "finish_time", "id", "name", "status"}
	if got := slices.Sorted(maps.Keys(item)); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := slices.Sorted(maps.Keys(m)); !slices.Equal(got, []string{"count", "jobs"}) {
		t.Errorf("got %v", got)
	}
}

func TestDetailShowsDocumentedFields(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		want   map[string]any
	}{
		"default": {Config{}, map[string]any{
			"status": "SUCCESS", "create_time": "1804374000000", "finish_time": "1804374060000", "options.is_last_backup": false, "options.is_cover": true,
			"options.recovery_mode": "1", "options.db_names.0": "", "backup_info.file_source": "OBS", "backup_info.bucket_name": "zyy-obs",
			"backup_info.file_info.0.file_name": "ims.bak", "backup_info.file_info.0.file_size": "0.00MB", "backup_info.file_info.0.obs_path": nil,
			"backup_info.files": nil, "base_info.name": "DRS-7527", "base_info.description": "Description", "base_info.enterprise_project_id": "0",
			"base_info.tags.0.key": "team", "tags": nil, "target_db_info.target_instance_id": instance, "new_db_names": "", "error_log": "",
		}},
		"lower status": {Config{LowerStatus: true}, map[string]any{"status": "success"}},
		"numbers":      {Config{NumberTimes: true}, map[string]any{"create_time": 1804374000000.0}},
		"strings":      {Config{StringBools: true}, map[string]any{"options.is_last_backup": "false", "options.is_cover": "true"}},
	} {
		d, k := sim(t, c.config)
		j := ended(t, d, k, edited(t, page(t, "request-obs-chain-1-full.json"), "base_info.tags", []any{map[string]any{"key": "team", "value": "dba"}}))
		m := decoded(t, d.Serve(get(jobsPath+"/"+j.ID, nil)))
		for path, want := range c.want {
			if got := member(m, path); got != want {
				t.Errorf("%s: %s is %v, want %v", name, path, got, want)
			}
		}
	}
}

func member(v any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			v = at[key[0]-'0']
		}
	}
	return v
}

func TestDetailShowsModeAndError(t *testing.T) {
	d, k := sim(t, Config{LowerStatus: true, NumberTimes: true})
	id := accepted(t, d, incr("l1.bak").unchecked().body())
	running := decoded(t, d.Serve(get(jobsPath+"/"+id, nil)))
	if running["status"] != Transferring || running["finish_time"] != 0.0 || member(running, "options.recovery_mode") != "2" {
		t.Errorf("%v", running)
	}
	k.add(time.Hour)
	if m := decoded(t, d.Serve(get(jobsPath+"/"+id, nil))); m["status"] != "failed" || !strings.Contains(m["error_log"].(string), notRestoring) {
		t.Errorf("%v", m)
	}
	if m := decoded(t, d.Serve(get(jobsPath, nil))); member(m, "jobs.0.status") != Failed {
		t.Errorf("a list spells it %v", member(m, "jobs.0.status"))
	}
	d.Delete(id)
	for _, unknown := range []string{id, "none"} {
		if resp := d.Serve(get(jobsPath+"/"+unknown, nil)); resp.Status != 400 || resp.code != "DRS.10000010" {
			t.Errorf("%s: %d %s", unknown, resp.Status, resp.Body)
		}
	}
}
