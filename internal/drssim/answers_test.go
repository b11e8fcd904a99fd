package drssim

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestDetailHasEveryMember compares all members of a detail: there are none that the
// detail page does not list, and an empty list is not null.
func TestDetailHasEveryMember(t *testing.T) {
	d, k := sim(t, Config{})
	ended(t, d, k, page(t, "request-obs-chain-1-full.json"))
	id := accepted(t, d, edited(t, page(t, "request-obs-chain-2-incremental.json"), "options.db_names", gone{}))
	want := map[string]any{
		"id": id, "status": Transferring, "create_time": "1804374060000", "finish_time": "", "error_log": "", "new_db_names": "", "instance_name": "rds-0a31",
		"base_info": map[string]any{
			"name": "DRS-7527", "engine_type": "sqlserver", "description": "Description", "enterprise_project_id": "0", "tags": []any{},
		},
		"target_db_info": map[string]any{"target_instance_id": instance, "ms_file_stream_status": "off", "file_id": ""},
		"backup_info": map[string]any{"file_source": "OBS", "bucket_name": "zyy-obs", "file_info": []any{
			map[string]any{"file_name": "ims_log1.bak", "file_size": "0.00MB", "file_last_modify": "1804374060000"},
		}},
		"options": map[string]any{
			"is_cover": true, "is_default_restore": true, "is_last_backup": false, "is_precheck": true, "recovery_mode": "2",
			"db_names": []any{}, "reset_db_name_map": map[string]any{},
		},
	}
	if got := decoded(t, d.Serve(get(jobsPath+"/"+id, nil))); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", encode(got), encode(want))
	}
}

// The detail of another user's job is complete: only the detail shows which
// databases it restores.
func TestDetailOfForeignJobIsComplete(t *testing.T) {
	d, _ := sim(t, Config{})
	id := d.AddForeignJob(ForeignJob{Instance: instance, Name: "theirs", Databases: []string{"ims", "pay"}, Running: time.Hour})
	resp := d.Serve(get(jobsPath+"/"+id, nil))
	m := decoded(t, resp)
	if names := member(m, "options.db_names"); !reflect.DeepEqual(names, []any{"ims", "pay"}) {
		t.Errorf("db_names is %v", names)
	}
	if got := member(m, "target_db_info.ms_file_stream_status"); got != "off" {
		t.Errorf("ms_file_stream_status is %q", got)
	}
	if strings.Contains(string(resp.Body), "null") {
		t.Errorf("null in %s", resp.Body)
	}
}

// A caller that changes its buffer later changes neither a late create nor the log.
func TestBodiesAreCopied(t *testing.T) {
	d, k := sim(t, Config{Faults: parseFaults(t, "late-accept@1")})
	body := full("ims.bak").body()
	sent := string(body)
	d.Serve(create(body))
	clear(body)
	k.add(time.Hour)
	if made := d.Jobs(); len(made) != 1 || string(made[0].Body) != sent {
		t.Errorf("%d jobs, want the one that was sent", len(made))
	}
	if noted := d.Requests()[0]; string(noted.Body) != sent {
		t.Errorf("noted as %q", noted.Body)
	}
}

// null must not count as no manifest, since then any object would exist.
func TestNullManifestIsRefused(t *testing.T) {
	if objects, err := ReadManifest(strings.NewReader(" null ")); err == nil {
		t.Errorf("read as %v", objects)
	}
}
