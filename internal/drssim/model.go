package drssim

import (
	"fmt"
	"strings"
	"time"
)

// State is the state of a database on a target instance (2.2).
type State string

// The states of a database: absent -> restoring -> online.
const (
	Absent    State = "absent"
	Restoring State = "restoring"
	Online    State = "online"
)

// database is one database on an instance, and how far its log is applied.
type database struct {
	name  string
	state State
	lsn   uint64
}

// Job is a job as the server holds it.
type Job struct {
	ID, Name, Description string
	Body                  []byte // as it was accepted
	Instance, Bucket      string
	Source                string
	Files                 []string // whole object keys
	Databases             []string // "" for all
	Mode                  string   // "full" or "incre"
	Last, Cover, Precheck bool
	Rename                string
	Tags                  []any
	EnterpriseProject     string
	Created, Listed       time.Time
	Finished              time.Time
	Status                string // TRANSFERRING, SUCCESS, FAILED, PRECHECK FAILED
	ErrorLog              string
	Deleted, Foreign      bool

	ends  time.Time
	fails string // an error_log that a fault has chosen
	early bool   // the fault is found by the precheck
}

// lateCreate is a create that the server takes after the client has given up.
type lateCreate struct {
	at      time.Time
	request Request
}

// tick brings the model to the present: late creates are taken and jobs end in
// the order of time.
func (d *DRS) tick() {
	now := d.config.Now()
	var still []lateCreate
	for _, l := range d.late {
		if l.at.After(now) {
			still = append(still, l)
		} else if _, refused := d.accept(l.request.Body, l.at); refused != nil {
			continue
		}
	}
	d.late = still
	for {
		var next *Job
		for _, j := range d.jobs {
			if j.Status == "" && !j.ends.After(now) && (next == nil || j.ends.Before(next.ends)) {
				next = j
			}
		}
		if next == nil {
			return
		}
		d.end(next)
	}
}

// end restores the backups of a job, or fails for one of DRS's reasons.
func (d *DRS) end(j *Job) {
	j.Finished, j.Status = j.ends, "SUCCESS"
	if j.Foreign {
		return
	}
	problem, early := j.fails, j.early
	if problem == "" {
		problem, early = d.problem(j)
	}
	if problem == "" {
		d.restore(j)
		return
	}
	j.Status, j.ErrorLog = "FAILED", problem
	if early && j.Precheck {
		j.Status = "PRECHECK FAILED"
	}
}

// problem is what keeps a job from succeeding, in DRS's words (section 7);
// early says that a precheck finds it.
func (d *DRS) problem(j *Job) (text string, early bool) {
	if j.Source == "RDS" {
		return d.targetProblem(j, j.Databases), true
	}
	for _, key := range j.Files {
		o, ok := d.object(j, key)
		if !ok {
			return "Backup file not found. restore:null, " + key, true
		}
		if p := typeProblem(j, o); p != "" {
			return p, true
		}
		names := namesIn(j, o)
		if len(names) == 0 {
			return "The source database is not in the backup file list.", true
		}
		if p := d.targetProblem(j, names); p != "" {
			return p, true
		}
		if p := d.logProblem(j, o, names); p != "" {
			return p, true
		}
	}
	return "", false
}

// typeProblem: items 4 to 6 of section 7.
func typeProblem(j *Job, o Object) string {
	switch {
	case j.Mode == "full" && o.Type == "log":
		return "The full backup type is selected, but the backup file is a log backup file."
	case j.Mode == "full" && o.Type == "differential":
		return "The full backup type is selected, but the backup file is an incremental backup file."
	case j.Mode == "incre" && o.Type == "full":
		return "The incremental backup type is selected, but the backup file is a full backup file."
	case j.Mode == "incre" && o.Type == "differential":
		return "The incremental backup type is selected, but the backup file is a differential backup file."
	}
	return ""
}

// namesIn are the databases of an object that the job asks for.
func namesIn(j *Job, o Object) []string {
	if len(j.Databases) == 1 && j.Databases[0] == "" {
		return o.Databases
	}
	var out []string
	for _, n := range o.Databases {
		for _, want := range j.Databases {
			if n == want { // names must match with case (guides)
				out = append(out, n)
			}
		}
	}
	return out
}

// targetProblem: the state in which the target must be.
func (d *DRS) targetProblem(j *Job, names []string) string {
	for _, n := range names {
		db := d.find(j.Instance, targetName(j, n))
		switch {
		case j.Mode == "full" && db != nil && !j.Cover:
			return "A database with the same name already exists in the target instance: " + targetName(j, n)
		case j.Mode == "incre" && (db == nil || db.state != Restoring):
			return fmt.Sprintf("The database %s is not in the restoring state, the incremental backup cannot be restored.", n)
		}
	}
	return ""
}

// logProblem: a log backup begins where the one before it ended (item 10).
func (d *DRS) logProblem(j *Job, o Object, names []string) string {
	if j.Mode != "incre" {
		return ""
	}
	for _, n := range names {
		db := d.find(j.Instance, n)
		if o.FirstLSN > db.lsn || o.LastLSN <= db.lsn {
			return "The LSN of the incremental backup file is not continuous with that of the previous backup file: " + o.Key
		}
	}
	return ""
}

func targetName(j *Job, n string) string {
	if j.Rename != "" {
		return j.Rename
	}
	return n
}

// restore applies the backups to the target.
func (d *DRS) restore(j *Job) {
	state := Restoring
	if j.Last {
		state = Online
	}
	if j.Source == "RDS" {
		for _, n := range j.Databases {
			d.put(j.Instance, n, &database{name: n, state: state})
		}
		return
	}
	for _, key := range j.Files {
		o, _ := d.object(j, key)
		for _, n := range namesIn(j, o) {
			d.put(j.Instance, targetName(j, n), &database{name: n, state: state, lsn: o.LastLSN})
		}
	}
}

func (d *DRS) put(instance, name string, db *database) {
	if d.databases[instance] == nil {
		d.databases[instance] = map[string]*database{}
	}
	d.databases[instance][strings.ToLower(name)] = db
}

func (d *DRS) find(instance, name string) *database {
	return d.databases[instance][strings.ToLower(name)]
}

// job finds a job that is not deleted.
func (d *DRS) job(id string) *Job {
	for _, j := range d.jobs {
		if j.ID == id && !j.Deleted {
			return j
		}
	}
	return nil
}

// newID looks like the page's: a UUID whose tail is not hexadecimal.
func (d *DRS) newID() string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%08xjb70%d", d.random.Uint32(), d.random.Uint32()&0xffff,
		d.random.Uint32()&0xfff, d.random.Uint32()&0xfff, d.random.Uint32(), len(d.jobs)%10)
}
