package executor

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/plan"
)

// differs says how a job differs from the step's request, "" if it does not.
// If the detail shows files without folders, as in the page's example, they
// are compared by name. With strict, a value that the detail leaves out is a
// difference.
func differs(j drs.Job, s plan.Step, strict bool) string {
	p := s.Plan
	for _, c := range []struct {
		what, got, want string
	}{
		{"target instance", j.TargetInstanceID, p.Target.InstanceID},
		{"bucket", j.BucketName, bucket(p)},
		{"files", joined(j.FileNames), joined(fileNames(s, j.FileNames))},
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

// adoptable says how a job differs from a step that is to adopt it, "" if it
// does not. A job with the step's own marker was created by its request, so
// values that the detail leaves out are no difference; the page's example for
// an RDS source leaves out recovery_mode.
func adoptable(j drs.Job, s plan.Step) string {
	ours := markerDiffers(j, s) == "" && j.TargetInstanceID != ""
	if diff := differs(j, s, !ours); diff != "" {
		return diff
	}
	if shown := databasesShown(j, s); shown != nil && !ours && !sameDatabases(shown, s.Plan.Databases.Names) {
		return fmt.Sprintf("db_names are %q, the step's are %q", joined(shown), joined(s.Plan.Databases.Names))
	}
	if want := cover(s.Plan); j.HasIsCover && want != "" && fmt.Sprint(j.IsCover) != want {
		return fmt.Sprintf("is_cover is %t, the step's is %s", j.IsCover, want)
	}
	return ""
}

// databasesShown returns the names in the detail that can be compared, nil if
// it has none or if the step restores whatever the file holds.
func databasesShown(j drs.Job, s plan.Step) []string {
	names := slices.DeleteFunc(slices.Clone(j.DBNames), func(n string) bool { return n == "" })
	if len(names) == 0 || s.Plan.Databases.All || s.Plan.Rename != "" {
		return nil
	}
	return names
}

func sameDatabases(a, b []string) bool {
	return slices.EqualFunc(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)), strings.EqualFold)
}

// notCompared names what the detail of an adopted job does not show.
func notCompared(j drs.Job, s plan.Step) []string {
	var out []string
	folders := slices.ContainsFunc(s.Backup.Keys, func(k string) bool { return strings.Contains(k, "/") })
	if s.Plan.Source.OBS != nil && folders && !hasFolders(j.FileNames) {
		out = append(out, "the folder of its files")
	}
	if databasesShown(j, s) == nil {
		out = append(out, "its databases")
	}
	if !j.HasIsCover {
		out = append(out, "is_cover")
	}
	return out
}

// markerDiffers says how a job's marker differs from the step's, "" if it does
// not.
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

// fileNames are the step's files, spelled as the detail spells them: whole
// keys if it shows folders. What it shows for an RDS source is not documented.
func fileNames(s plan.Step, shown []string) []string {
	if s.Plan.Source.OBS == nil {
		return nil
	}
	if hasFolders(shown) {
		return s.Backup.Keys
	}
	var out []string
	for _, key := range s.Backup.Keys {
		out = append(out, path.Base(key))
	}
	return out
}

func hasFolders(names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, "/") })
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
