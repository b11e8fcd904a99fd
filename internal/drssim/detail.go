package drssim

import (
	"cmp"
	"fmt"
	"path"
	"strings"
)

// detail follows the detail page: it has file_info with file_name where a request
// has files with name, no obs_path, and recovery_mode as a number.
func (d *DRS) detail(j *Job) object {
	base := object{
		"name": j.Name, "engine_type": "sqlserver", "description": j.Description,
		"enterprise_project_id": cmp.Or(j.EnterpriseProjectID, "0"), "tags": listOf(j.Tags),
	}
	return object{
		"id": j.ID, "status": d.status(j), "create_time": d.time(j.Created), "finish_time": d.time(j.Finished),
		"backup_info": object{"file_source": j.Source, "bucket_name": j.Bucket, "file_info": d.fileInfo(j)},
		"base_info":   base,
		"target_db_info": object{
			"target_instance_id": j.Instance, "ms_file_stream_status": j.FileStream, "file_id": j.FileID,
		},
		"options":       d.options(j),
		"new_db_names":  j.NewName,
		"instance_name": "rds-" + j.Instance[:min(4, len(j.Instance))],
		"error_log":     j.ErrorLog,
	}
}

func (d *DRS) status(j *Job) string {
	status := d.shownStatus(j)
	if d.config.LowerStatus && (status == Success || status == Failed) {
		return strings.ToLower(status)
	}
	return status
}

func (d *DRS) fileInfo(j *Job) []any {
	files := make([]any, 0, len(j.Files))
	for _, key := range j.Files {
		name := path.Base(key)
		if j.Source == "RDS" {
			name = "" // as it was sent
		}
		size := d.objects[Object{Bucket: j.Bucket, Key: key}.id()].Size
		files = append(files, object{
			"file_name": name, "file_size": fmt.Sprintf("%.2fMB", float64(size)/(1<<20)),
			"file_last_modify": d.time(j.Created),
		})
	}
	return files
}

func (d *DRS) options(j *Job) object {
	mode := "1"
	if j.Mode == "incre" {
		mode = "2"
	}
	return object{
		"is_cover": d.boolean(j.Cover), "is_default_restore": d.boolean(j.All), "is_last_backup": d.boolean(j.Last),
		"is_precheck": d.boolean(j.Precheck), "recovery_mode": mode, "db_names": listOf(j.DBNames),
		"reset_db_name_map": j.ResetNames,
	}
}

// listOf is a list that is encoded as [] and not as null if it is empty.
func listOf[T any](items []T) []T { return append([]T{}, items...) }

func (d *DRS) boolean(b bool) any {
	if d.config.StringBools {
		return fmt.Sprint(b)
	}
	return b
}
