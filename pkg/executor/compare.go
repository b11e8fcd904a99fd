package executor

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/plan"
)

// differs says in what a job is not what the step asks for; "" if in nothing.
// A detail has no folders, so files are compared by name. With strict, what
// the detail leaves out counts as a difference: a job is adopted only when
// all of it was seen.
func differs(j drs.Job, s plan.Step, strict bool) string {
	p := s.Plan
	for _, c := range []struct {
		what, got, want string
	}{
		{"target instance", j.TargetInstanceID, p.Target.InstanceID},
		{"bucket", j.BucketName, bucket(p)},
		{"files", joined(j.FileNames), joined(fileNames(s))},
		{"recovery_mode", j.RecoveryMode, mode(s)},
	} {
		if c.want == "" {
			continue // what the detail of an RDS backup shows here is not documented
		}
		if c.got != c.want && (strict || c.got != "") {
			return fmt.Sprintf("%s is %q, the step's is %q", c.what, c.got, c.want)
		}
	}
	if j.IsLastBackup != s.Last && (strict || j.HasIsLastBackup) {
		return fmt.Sprintf("is_last_backup is %t, the step's is %t", j.IsLastBackup, s.Last)
	}
	return ""
}

// adoptable says in what a job is not what a step that is to have it asks for.
// A job that bears the step's own marker was made by its request: what the
// detail leaves out of it, as the page's example for an RDS source leaves out
// recovery_mode, is not told and no difference.
func adoptable(j drs.Job, s plan.Step) string {
	ours := markerDiffers(j, s) == "" && j.TargetInstanceID != ""
	return differs(j, s, !ours)
}

// markerDiffers says in what a job's marker is not the step's.
func markerDiffers(j drs.Job, s plan.Step) string {
	m, ok := plan.ParseMarker(j.Description)
	switch want := s.Marker(); {
	case !ok:
		return "its description has no marker"
	case m != want:
		return fmt.Sprintf("its marker is %s, the step's is %s", m, want)
	}
	return ""
}

func bucket(p *plan.Plan) string {
	if p.Source.OBS == nil {
		return ""
	}
	return p.Source.OBS.Bucket
}

// fileNames are the names that the detail shows. What it shows for the backup
// of an RDS instance is not documented.
func fileNames(s plan.Step) []string {
	if s.Plan.Source.OBS == nil {
		return nil
	}
	var out []string
	for _, key := range s.Backup.Keys {
		out = append(out, path.Base(key))
	}
	return out
}

func joined(names []string) string {
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	return strings.Join(sorted, ", ")
}

func mode(s plan.Step) string {
	if s.Backup.Type == plan.Full {
		return drs.RecoveryModeFull
	}
	return drs.RecoveryModeIncre
}
