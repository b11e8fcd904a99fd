package executor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/plan"
)

// guard is the last check of the bytes of a create. It reads them as a server
// would, without the types that built them, and compares them with the plan:
// is_last_backup is true only for the last backup of a plan that ends with the
// cutover, and only if the cutover is confirmed.
func guard(body []byte, s plan.Step, attempt int, confirmed bool) error {
	var got map[string]map[string]json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&got); err != nil {
		return fmt.Errorf("guard: the body is not an object of objects: %w", err)
	}
	if n := bytes.Count(body, []byte(`"is_last_backup":true`)) + bytes.Count(body, []byte(`"is_last_backup":false`)); n != 1 {
		return fmt.Errorf("guard: the body has is_last_backup %d times", n)
	}
	entitled := s.Plan.Cutover != nil && s.Seq == len(s.Plan.Backups) && confirmed
	for _, c := range []struct{ object, field, want string }{
		{"options", "is_last_backup", fmt.Sprint(entitled)},
		{"options", "recovery_mode", quoted(mode(s))},
		{"base_info", "name", quoted(s.JobName(attempt))},
		{"target_db_info", "target_instance_id", quoted(s.Plan.Target.InstanceID)},
		{"target_db_info", "file_id", quoted(fileID(s))},
		{"options", "is_cover", cover(s.Plan)},
	} {
		if have := string(got[c.object][c.field]); have != c.want {
			return fmt.Errorf("guard: %s.%s is %s, want %s", c.object, c.field, have, c.want)
		}
	}
	return guardFiles(got["backup_info"]["files"], s)
}

func guardFiles(raw json.RawMessage, s plan.Step) error {
	var files []struct {
		Name    string `json:"name"`
		OBSPath string `json:"obs_path"`
	}
	if err := json.Unmarshal(raw, &files); err != nil {
		return fmt.Errorf("guard: backup_info.files: %w", err)
	}
	if s.Plan.Source.OBS == nil {
		return nil
	}
	var keys []string
	for _, f := range files {
		keys = append(keys, f.OBSPath+f.Name)
	}
	if !slices.Equal(keys, s.Backup.Keys) {
		return fmt.Errorf("guard: the body names %s, want %s", strings.Join(keys, ", "), strings.Join(s.Backup.Keys, ", "))
	}
	return nil
}

// fileID is the backup of an RDS source, "" for a bucket.
func fileID(s plan.Step) string {
	if s.Plan.Source.RDS == nil {
		return ""
	}
	return strings.Join(s.Backup.Keys, "")
}

// cover is the value that is_cover must have. It is absent if the source is an
// RDS instance and nothing may be overwritten, as in the page's example.
func cover(p *plan.Plan) string {
	if p.Source.RDS != nil && !p.Overwrite {
		return ""
	}
	return fmt.Sprint(p.Overwrite)
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}
