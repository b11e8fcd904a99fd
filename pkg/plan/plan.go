// Package plan turns the bytes of a plan file into a checked Plan or into
// diagnostics, and a Plan into the steps of its migration, each with the exact
// request that will be sent. It reads no clock, no environment and no network.
package plan

import (
	"slices"
	"strings"
	"time"
)

// Plan is a checked plan file.
type Plan struct {
	File   string // as passed to Load
	SHA256 string // of the file's bytes, in hex

	Name        string // identifies the migration permanently
	Description string
	Tags        []Tag
	Generation  int // 1 or more: which start of the chain this is

	Target Target
	Source Source

	Databases           Databases // what is restored
	Overwrite           bool      // is_cover: databases with these names on the target are replaced
	OverwriteUnattended bool      // the overwriting full needs no confirmation
	Rename              string    // new name of the one database; "" keeps it
	Precheck            bool
	KeepDownloaded      bool
	AcceptDifferential  bool

	Backups []Backup // one full, then incrementals in order
	Cutover *Cutover // the marker after the last backup; nil while the chain is open

	Steps []Step // one for each backup, with its finished request; nil in a plan that was not loaded

	namePos      Pos // for diagnostics about the whole plan
	databasesPos Pos // for diagnostics about its databases
}

// Tag is a resource tag of a job.
type Tag struct{ Key, Value string }

// Target is the RDS for SQL Server instance that receives the databases.
type Target struct {
	Region, ProjectID, InstanceID, EnterpriseProjectID string
	Filestream                                         bool
}

// Source says where the backups are: in a bucket, or one backup of another RDS
// instance. Exactly one of the two is set.
type Source struct {
	OBS *OBS
	RDS *RDS
}

// OBS is a bucket and the folder in it that contains all keys.
type OBS struct {
	Bucket string
	Prefix string // "" or without a leading and with one trailing slash
}

// RDS is the instance whose backup is restored.
type RDS struct{ InstanceID, Version string }

// Databases is a list of names, or all databases in the backups.
type Databases struct {
	All   bool
	Names []string
}

// Backup is one backup of the chain: one object key for each file (several
// files are several databases), or the id of an RDS backup.
type Backup struct {
	Type Type
	Keys []string // whole object keys: the source's prefix and the entry
	Pos  Pos
}

// Type is the type of a backup in the plan's words.
type Type string

// The types of backups. "Incremental" is DRS's word for what follows the full:
// a log backup.
const (
	Full        Type = "full"
	Incremental Type = "incremental"
)

// Cutover is the marker after the last backup. A zero time means that the window
// has no such limit.
type Cutover struct {
	NotBefore, NotAfter time.Time
	Unattended          bool     // no confirmation is needed inside the window
	TailLog             bool     // the last backup must be a tail-log backup
	IgnoreNewer         []string // whole keys of objects that do not block the cutover, although they are newer; with a final slash, of folders
	Pos                 Pos
}

// Ignores reports whether an object does not hold the cutover, although it is
// newer.
func (c *Cutover) Ignores(key string) bool {
	return slices.ContainsFunc(c.IgnoreNewer, func(ignored string) bool {
		return key == ignored || strings.HasSuffix(ignored, "/") && strings.HasPrefix(key, ignored)
	})
}

// Pos is a position in a plan file. Both count from 1, columns in characters.
type Pos struct{ Line, Column int }
