package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// DifferenceKind says what differs between two versions of a plan.
type DifferenceKind string

// The kinds of differences, in the order in which Compare returns them: first
// what cannot be undone.
const (
	CutoverAdded     DifferenceKind = "cutover-added"     // the last step now brings the database online
	CutoverMoved     DifferenceKind = "cutover-moved"     // another step is now the last
	CutoverRemoved   DifferenceKind = "cutover-removed"   // the database stays restoring
	WindowChanged    DifferenceKind = "window-changed"    // when the cutover may be sent, or whether a person is asked
	GuardChanged     DifferenceKind = "guard-changed"     // what backups may hold the cutover
	OverwriteAdded   DifferenceKind = "overwrite-added"   // databases on the target are now replaced
	OverwriteRemoved DifferenceKind = "overwrite-removed" // they no longer are
	OverwriteChanged DifferenceKind = "overwrite-changed" // whether a person is asked
	ChainChanged     DifferenceKind = "chain-changed"     // name, generation or target: another chain, with jobs of its own
	ContentChanged   DifferenceKind = "content-changed"   // what every step restores: databases, rename, source, FILESTREAM
	StepChanged      DifferenceKind = "step-changed"
	StepRemoved      DifferenceKind = "step-removed"
	StepAdded        DifferenceKind = "step-added"
	RequestChanged   DifferenceKind = "request-changed" // what is sent with every step, but does not change what is restored
)

// Difference is one change that a reviewer must know.
type Difference struct {
	Kind DifferenceKind
	// Step is the first step that it changes: a number of the new plan, or of the
	// old one if the step was removed. 1 for what all steps share; 0 if no
	// request changes.
	Step     int
	Key      string // of the plan, such as "databases"; "" for a step or the cutover
	Old, New string // "" where there is none
}

// Compare lists what differs between two versions of a plan file, of which each
// is valid. Comments and layout do not count.
func Compare(old, new *Plan) []Difference {
	var ds []Difference
	ds = append(ds, compareCutover(old, new)...)
	ds = append(ds, compareOverwrite(old, new)...)
	ds = append(ds, compareKeys(ChainChanged, old, new, chainKeys)...)
	ds = append(ds, compareKeys(ContentChanged, old, new, contentKeys)...)
	ds = append(ds, compareSteps(old.Backups, new.Backups)...)
	return append(ds, compareKeys(RequestChanged, old, new, requestKeys)...)
}

func compareCutover(old, new *Plan) []Difference {
	before, after := len(old.Backups), len(new.Backups)
	switch {
	case old.Cutover == nil && new.Cutover == nil:
		return nil
	case old.Cutover == nil:
		return []Difference{{Kind: CutoverAdded, Step: after, New: new.Cutover.window() + new.Cutover.guardText("; ")}}
	case new.Cutover == nil:
		return []Difference{{Kind: CutoverRemoved, Step: min(before, after), Old: old.Cutover.window()}}
	}
	var ds []Difference
	if before != after {
		ds = append(ds, Difference{Kind: CutoverMoved, Step: min(before, after), Old: fmt.Sprintf("step %d", before), New: fmt.Sprintf("step %d", after)})
	}
	if o, n := old.Cutover.window(), new.Cutover.window(); o != n {
		ds = append(ds, Difference{Kind: WindowChanged, Old: o, New: n})
	}
	if o, n := old.Cutover.guardText(""), new.Cutover.guardText(""); o != n {
		ds = append(ds, Difference{Kind: GuardChanged, Old: o, New: n})
	}
	return ds
}

// guardText is what the cutover asks of the bucket, after a separator; "" where it
// asks for nothing special.
func (c *Cutover) guardText(separator string) string {
	var parts []string
	if c.TailLog {
		parts = append(parts, "only after a tail-log backup")
	}
	if len(c.IgnoreNewer) > 0 {
		parts = append(parts, "ignoring "+strings.Join(c.IgnoreNewer, ", "))
	}
	if len(parts) == 0 {
		return ""
	}
	return separator + strings.Join(parts, ", ")
}

// window says when a cutover may be sent, and whether a person is asked.
func (c *Cutover) window() string {
	var parts []string
	if !c.NotBefore.IsZero() {
		parts = append(parts, "not before "+c.NotBefore.Format(time.RFC3339))
	}
	if !c.NotAfter.IsZero() {
		parts = append(parts, "not after "+c.NotAfter.Format(time.RFC3339))
	}
	if c.Unattended {
		parts = append(parts, "unattended")
	}
	if len(parts) == 0 {
		return "at any time, with --confirm-cutover"
	}
	return strings.Join(parts, ", ")
}

func compareOverwrite(old, new *Plan) []Difference {
	o, n := old.overwrites(), new.overwrites()
	switch {
	case o == n:
		return nil
	case o == "":
		return []Difference{{Kind: OverwriteAdded, Step: 1, Key: "overwrite", New: n}}
	case n == "":
		return []Difference{{Kind: OverwriteRemoved, Step: 1, Key: "overwrite", Old: o}}
	}
	return []Difference{{Kind: OverwriteChanged, Key: "overwrite_unattended", Old: o, New: n}}
}

// overwrites says who starts the overwriting full backup, "" for none.
func (p *Plan) overwrites() string {
	switch {
	case !p.Overwrite:
		return ""
	case p.OverwriteUnattended:
		return "without a person"
	}
	return "with --confirm-overwrite"
}

// keyText is a key of a plan and its value as text.
type keyText struct{ key, text string }

func compareKeys(kind DifferenceKind, old, new *Plan, keys func(*Plan) []keyText) []Difference {
	var ds []Difference
	before := keys(old)
	for i, k := range keys(new) {
		if before[i] != k {
			ds = append(ds, Difference{Kind: kind, Step: 1, Key: k.key, Old: before[i].text, New: k.text})
		}
	}
	return ds
}

func chainKeys(p *Plan) []keyText {
	return []keyText{
		{"name", p.Name}, {"generation", fmt.Sprint(p.Generation)},
		{"target.project_id", p.Target.ProjectID}, {"target.instance_id", p.Target.InstanceID},
	}
}

func contentKeys(p *Plan) []keyText {
	return []keyText{
		{"databases", p.Databases.text()}, {"rename", p.Rename}, {"source", p.Source.text()}, {"target.filestream", fmt.Sprint(p.Target.Filestream)},
	}
}

func requestKeys(p *Plan) []keyText {
	return []keyText{
		{"target.region", p.Target.Region}, {"target.enterprise_project_id", p.Target.EnterpriseProjectID},
		{"precheck", fmt.Sprint(p.Precheck)}, {"keep_downloaded_backups", fmt.Sprint(p.KeepDownloaded)},
		{"accept differential", fmt.Sprint(p.AcceptDifferential)},
		{"description", p.Description}, {"tags", tagText(p.Tags)},
	}
}

func (d Databases) text() string {
	if d.All {
		return "all"
	}
	return strings.Join(d.Names, ", ")
}

// text names the place of the backups. The prefix is a part of every key.
func (s Source) text() string {
	if s.RDS != nil {
		return "RDS instance " + s.RDS.InstanceID + ", " + s.RDS.Version
	}
	return "bucket " + s.OBS.Bucket
}

func tagText(tags []Tag) string {
	words := make([]string, len(tags))
	for i, t := range tags {
		words[i] = t.Key + "=" + t.Value
	}
	return strings.Join(words, ", ")
}

// compareSteps pairs the steps between what both versions begin with and what
// both end with.
func compareSteps(old, new []Backup) []Difference {
	first := 0
	for first < min(len(old), len(new)) && old[first].equal(new[first]) {
		first++
	}
	end := 0
	for end < min(len(old), len(new))-first && old[len(old)-1-end].equal(new[len(new)-1-end]) {
		end++
	}
	removed, added := old[first:len(old)-end], new[first:len(new)-end]
	var ds []Difference
	for i := range max(len(removed), len(added)) {
		d := Difference{Step: first + i + 1}
		switch {
		case i >= len(removed):
			d.Kind, d.New = StepAdded, added[i].text()
		case i >= len(added):
			d.Kind, d.Old = StepRemoved, removed[i].text()
		default:
			d.Kind, d.Old, d.New = StepChanged, removed[i].text(), added[i].text()
		}
		ds = append(ds, d)
	}
	return ds
}

func (b Backup) equal(other Backup) bool {
	return b.Type == other.Type && slices.Equal(b.Keys, other.Keys)
}

func (b Backup) text() string { return string(b.Type) + " " + strings.Join(b.Keys, " ") }

// FirstChanged is the first step of the old plan that the new one would restore
// differently, or no longer at all; 0 if there is none. Such a step must not
// have been sent. Whether the full backup overwrites belongs to it.
func FirstChanged(old, new *Plan) int {
	if old.Overwrite != new.Overwrite {
		return 1
	}
	for i, s := range old.Steps {
		if i >= len(new.Steps) || s.ChainSHA256 != new.Steps[i].ChainSHA256 {
			return i + 1
		}
	}
	return 0
}
