package drssim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// State is the state of a database on a target instance.
type State string

// The states of a database: a full backup makes it restoring, the last backup
// brings it online (page, is_last_backup).
const (
	Absent    State = "absent"
	Restoring State = "restoring"
	Online    State = "online"
)

// database is one database of an instance, and the end of its restored log.
type database struct {
	state State
	lsn   uint64
	isLog bool   // the last restored backup was a log
	last  string // its object
	set   string // the databases in its full backup
}

func (d *DRS) put(instance, name string, db database) {
	if d.instances[instance] == nil {
		d.instances[instance] = map[string]*database{}
	}
	d.instances[instance][fold(name)] = &db
}

func (d *DRS) find(instance, name string) *database {
	return d.instances[instance][fold(name)]
}

// problemFound is why a job fails, in DRS's words where the guides give them.
type problemFound struct {
	text   string
	midway bool // no precheck finds it, or none ran: the target is changed
}

// restored is one database of a job, and its object.
type restored struct {
	name string
	from Object
}

// examine finds the first problem of a job, or the databases that it restores.
func (d *DRS) examine(j *Job) (problemFound, []restored) {
	objects, text := d.fetch(j)
	if text != "" {
		return problemFound{text: text}, nil
	}
	wanted, text := choose(j, objects)
	if text == "" {
		text = cmp.Or(d.room(j, wanted), d.targets(j, wanted))
	}
	if text != "" {
		return problemFound{text: text}, nil
	}
	for _, o := range objects {
		if o.Corrupt {
			return problemFound{"Backup file verification failed: " + o.Key, !j.Precheck}, wanted
		}
	}
	return problemFound{}, wanted
}

// fetch finds the objects of a job and checks their types.
func (d *DRS) fetch(j *Job) ([]Object, string) {
	var objects []Object
	for _, key := range j.Files {
		o, there := d.objects[Object{Bucket: j.Bucket, Key: key}.id()]
		archived := o.StorageClass != "" && !strings.EqualFold(o.StorageClass, "STANDARD")
		switch {
		case !there || archived:
			return nil, "Backup file not found. restore:null " + key
		case o.Encrypted:
			return nil, "Failed to obtain the restoration file information: " + key
		case len(key)-strings.LastIndexByte(key, '/')-1 > 200:
			return nil, "The source database is not in the backup file list: " + key
		}
		if text := d.wrongType(j.Mode, o); text != "" {
			return nil, text
		}
		objects = append(objects, o)
	}
	return objects, ""
}

func (d *DRS) wrongType(mode string, o Object) string {
	switch {
	case mode == "full" && o.Type == Log:
		return "The full backup type is selected, but the backup file is a log backup file: " + o.Key
	case mode == "full" && o.Type == Differential:
		return "The full backup type is selected, but the backup file is an incremental backup file: " + o.Key
	case mode == "incre" && o.Type == Full:
		return "The incremental backup type is selected, but the backup file is a full backup file: " + o.Key
	case mode == "incre" && o.Type == Differential:
		return "The incremental backup type is selected, but the backup file is a differential backup file: " + o.Key
	}
	return ""
}

// contents are the databases in the files. A database must not be split over
// several files (guides).
func contents(objects []Object) ([]restored, string) {
	var all []restored
	seen := map[string]bool{}
	for _, o := range objects {
		for _, n := range o.Databases {
			if seen[fold(n)] {
				return nil, "Backup file verification failed: database " + n + " is split over several files."
			}
			seen[fold(n)] = true
			all = append(all, restored{n, o})
		}
	}
	return all, ""
}

// choose selects the databases that a job restores. Names must match those in the
// backup, including case (guides).
func choose(j *Job, objects []Object) ([]restored, string) {
	all, text := contents(objects)
	if text != "" {
		return nil, text
	}
	if j.NewName != "" && len(all) != 1 {
		return nil, "Backup file verification failed: only one database can be renamed."
	}
	if j.All && j.Source == "OBS" {
		return all, ""
	}
	var wanted []restored
	for _, n := range j.Databases {
		i := slices.IndexFunc(all, func(r restored) bool { return r.name == n })
		if i < 0 {
			return nil, "The source database is not in the backup file list: " + n
		}
		wanted = append(wanted, all[i])
	}
	if len(wanted) == 0 {
		return all, ""
	}
	return wanted, ""
}

// mostDatabases is the maximum on an instance (guides).
const mostDatabases = 100

// room checks the maximum number of databases.
func (d *DRS) room(j *Job, wanted []restored) string {
	count := len(d.instances[j.Instance])
	for _, r := range wanted {
		if d.find(j.Instance, j.target(r.name)) == nil {
			count++
		}
	}
	if count > mostDatabases {
		return fmt.Sprintf("The number of restored databases exceeds the threshold of the destination instance (%d).", mostDatabases)
	}
	return ""
}

// target is the name of a database on the target instance.
func (j *Job) target(name string) string {
	return cmp.Or(j.NewName, j.ResetNames[name], name)
}

// targets checks for each database whether the backup can be restored over it.
func (d *DRS) targets(j *Job, wanted []restored) string {
	for _, r := range wanted {
		name := j.target(r.name)
		db := d.find(j.Instance, name)
		text := ""
		if j.Mode == "full" {
			text = fitFull(j, db, name)
		} else {
			text = fitLog(db, r, setOf(wanted))
		}
		if text != "" {
			return text
		}
	}
	return ""
}

func fitFull(j *Job, db *database, name string) string {
	if db != nil && !j.Cover {
		return "A database with the same name already exists in the destination instance: " + name
	}
	return ""
}

// fitLog: full and incrementals have the same databases (guides).
func fitLog(db *database, r restored, set string) string {
	switch o := r.from; {
	case db == nil || db.state != Restoring:
		return "The database " + r.name + " is not in the restoring state, and the incremental backup cannot be restored."
	case db.set != set:
		return "The databases of the incremental backup differ from those of the full backup: " + r.name
	case !continues(db, o):
		return "The LSN of the incremental backup file is not continuous with that of the previous backup file: " + o.Key
	}
	return ""
}

// continues: the first log starts within the full backup and ends after it; a
// later one starts where the last one ended, and may be empty.
func continues(db *database, o Object) bool {
	if db.isLog {
		return o.FirstLSN == db.lsn && o.id() != db.last
	}
	return o.FirstLSN <= db.lsn && o.LastLSN > db.lsn
}

// setOf is a key for a set of databases.
func setOf(wanted []restored) string {
	var names []string
	for _, r := range wanted {
		names = append(names, fold(r.name))
	}
	slices.Sort(names)
	return strings.Join(names, "\x00")
}

// restore applies the backups to the databases.
func (d *DRS) restore(j *Job, wanted []restored) {
	state := Restoring
	if j.Last {
		state = Online
	}
	set := setOf(wanted)
	if j.Mode == "full" {
		d.overwritten(j, wanted)
	}
	j.Restored = j.Finished
	for _, r := range wanted {
		d.put(j.Instance, j.target(r.name), database{
			state: state, lsn: r.from.LastLSN, isLog: r.from.Type == Log, last: r.from.id(), set: set,
		})
	}
}

// removeOverwritten removes the databases of a full that failed half-way. An
// incremental that fails does not change its database.
func (d *DRS) removeOverwritten(j *Job, wanted []restored) {
	if j.Mode != "full" {
		return
	}
	d.overwritten(j, wanted)
	for _, r := range wanted {
		delete(d.instances[j.Instance], fold(j.target(r.name)))
	}
}
