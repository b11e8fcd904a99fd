package executor

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/plan"
)

// differs returns how a job differs from the step's request, nil if it does not.
// If the detail shows files without folders, as in the page's example, they
// are compared by name. With strict, a value that the detail leaves out is a
// difference.
func differs(j drs.Job, s plan.Step, strict bool) *Difference {
	p := s.Plan
	for _, d := range []Difference{
		{ValueTargetInstance, j.TargetInstanceID, p.Target.InstanceID},
		{ValueBucket, j.BucketName, bucket(p)},
		{ValueFiles, joined(j.FileNames), joined(fileNames(s, j.FileNames))},
		{ValueRecoveryMode, j.RecoveryMode, mode(s)},
	} {
		if d.Want == "" {
			continue // what the detail of an RDS backup shows here is not documented
		}
		if d.Got != d.Want && (strict || d.Got != "") {
			return &d
		}
	}
	if j.IsLastBackup != s.Last && (strict || j.HasIsLastBackup) {
		return &Difference{ValueIsLastBackup, fmt.Sprint(j.IsLastBackup), fmt.Sprint(s.Last)}
	}
	return nil
}

// differsForAdoption returns how a job differs from a step that is to adopt it,
// nil if it does not. A job with the step's own marker was created by its request, so
// values that the detail leaves out are no difference; the page's example for
// an RDS source leaves out recovery_mode.
func differsForAdoption(j drs.Job, s plan.Step) *Difference {
	ours := markerDiffers(j, s) == nil && j.TargetInstanceID != ""
	if diff := differs(j, s, !ours); diff != nil {
		return diff
	}
	if shown := databasesShown(j, s); shown != nil && !ours && !sameDatabases(shown, s.Plan.Databases.Names) {
		return &Difference{ValueDatabases, joined(shown), joined(s.Plan.Databases.Names)}
	}
	if want := cover(s.Plan); j.HasIsCover && want != "" && fmt.Sprint(j.IsCover) != want {
		return &Difference{ValueIsCover, fmt.Sprint(j.IsCover), want}
	}
	return nil
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

// notCompared returns what the detail of an adopted job does not show.
func notCompared(j drs.Job, s plan.Step) []Value {
	var out []Value
	folders := slices.ContainsFunc(s.Backup.Keys, func(k string) bool { return strings.Contains(k, "/") })
	if s.Plan.Source.OBS != nil && folders && !hasFolders(j.FileNames) {
		out = append(out, ValueFolder)
	}
	if databasesShown(j, s) == nil {
		out = append(out, ValueDatabases)
	}
	if !j.HasIsCover {
		out = append(out, ValueIsCover)
	}
	return out
}

// markerDiffers returns how a job's marker differs from the step's, nil if it does
// not.
func markerDiffers(j drs.Job, s plan.Step) *Difference {
	m, ok := plan.ParseMarker(j.Description)
	switch want := s.Marker(); {
	case !ok:
		return &Difference{Value: ValueMarker, Want: want.String()}
	case m != want:
		return &Difference{ValueMarker, m.String(), want.String()}
	}
	return nil
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
