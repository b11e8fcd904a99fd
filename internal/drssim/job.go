package drssim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The statuses of a job (list page).
const (
	Transferring   = "TRANSFERRING"
	Success        = "SUCCESS"
	Failed         = "FAILED"
	PrecheckFailed = "PRECHECK FAILED"
)

// Tag is one tag of a job.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Job is an accepted job in the server's records.
type Job struct {
	ID, Name, Description string
	EnterpriseProjectID   string
	Tags                  []Tag
	Body                  []byte // the exact bytes that were accepted; nil for a foreign job
	Principal             string // who created it

	Instance, FileStream, FileID string
	Source, Bucket               string   // Source is OBS or RDS
	Files                        []string // whole object keys, or the id of the RDS backup

	Mode                       string // full or incre
	Last, Cover, Precheck, All bool
	DBNames                    []string          // db_names as sent
	Databases                  []string          // those of them that are names
	ResetNames                 map[string]string // reset_db_name_map as sent
	NewName                    string            // of the renamed database

	Created  time.Time // when it was accepted
	Listed   time.Time // when lists start to show it
	Ends     time.Time // when it is planned to end
	Finished time.Time // zero while it runs
	Status   string
	ErrorLog string
	Deleted  bool // its record is deleted
	Foreign  bool // of another user, by AddForeignJob

	Restored time.Time // when its backup was restored to its databases; zero: it is not there

	records   []recorded // statuses of the record if it changed after the end
	overrides []override
	fault     jobFault
	omitUntil time.Time // lists omit it until then
}

// jobFault is how a planned fault ends a job.
type jobFault struct {
	status string // "" if none is planned
	text   string
	apply  bool // the backup is restored nevertheless
}

// lateRequest is a create that takes effect after its sender gave up.
type lateRequest struct {
	at      time.Time
	request Request
	arrives bool // it reaches the gateway, which checks its date, only then
}

// advance brings the model to the current time: it processes late creates and jobs
// that end, in the order of time.
func (d *DRS) advance() {
	now := d.config.Now()
	for {
		late := firstDue(d.late, func(l lateRequest) time.Time { return l.at }, now)
		job := firstDue(d.running, func(j *Job) time.Time { return j.Ends }, now)
		switch {
		case late < 0 && job < 0:
			return
		case job < 0 || late >= 0 && d.late[late].at.Before(d.running[job].Ends):
			d.arrive(late)
		default:
			d.end(job)
		}
	}
}

// firstDue is the index of the earliest of the times that have come, -1 if there is none.
func firstDue[T any](all []T, at func(T) time.Time, now time.Time) int {
	first := -1
	for i, v := range all {
		if !at(v).After(now) && (first < 0 || at(v).Before(at(all[first]))) {
			first = i
		}
	}
	return first
}

// arrive processes a late create at its time. The client does not see the result.
func (d *DRS) arrive(i int) {
	l := d.late[i]
	d.late = slices.Delete(d.late, i, i+1)
	if l.arrives {
		if refused := d.admit(l.request, l.at); refused != nil {
			return
		}
	}
	d.accept(l.request, l.at)
}

// accept creates a job from the body of a create, at a given time.
func (d *DRS) accept(r Request, at time.Time) (*Job, *Refusal) {
	c := &checker{}
	j := c.parse(r.Body)
	if j == nil {
		return nil, c.refused
	}
	if refused := d.refusal(j, at); refused != nil {
		return nil, refused
	}
	j.Principal = principal(r.Header)
	j.Created, j.Listed, j.Ends = at, at.Add(d.config.ListLag), at.Add(d.config.RestoreTime)
	d.addDefaultObjects(j)
	d.start(j)
	d.counts[opJob]++
	d.strike(j)
	return j, nil
}

// refusal checks what does not depend on the body alone.
func (d *DRS) refusal(j *Job, at time.Time) *Refusal {
	if d.config.UniqueNames && d.nameInUse(j.Name) {
		return &Refusal{422, "DRS.M00277", "The task name already exists."}
	}
	if d.config.OneAtATime && d.busy(j.Instance, at) {
		return &Refusal{422, "DRS.M06020", "The destination instance has been set by another task and cannot be used."}
	}
	return nil
}

// nameInUse ignores case; the name of a deleted job is free again.
func (d *DRS) nameInUse(name string) bool {
	return slices.ContainsFunc(d.jobs, func(j *Job) bool { return !j.Deleted && strings.EqualFold(j.Name, name) })
}

func (d *DRS) busy(instance string, at time.Time) bool {
	return slices.ContainsFunc(d.running, func(j *Job) bool { return j.Instance == instance && j.Ends.After(at) })
}

func (d *DRS) start(j *Job) {
	j.ID, j.Status = d.newID(), Transferring
	d.jobs, d.running = append(d.jobs, j), append(d.running, j)
	d.byID[j.ID] = j
}

// end sets the result of a job and of its databases.
func (d *DRS) end(i int) {
	j := d.running[i]
	d.running = slices.Delete(d.running, i, i+1)
	j.Status, j.Finished = Success, j.Ends
	if j.Foreign {
		return
	}
	problem, files := d.examine(j)
	switch {
	case problem.text != "":
		j.fail(problem)
	case j.fault.status == PrecheckFailed:
		j.Status, j.ErrorLog = PrecheckFailed, j.fault.text
		return
	case j.fault.status != "" && !j.fault.apply:
		problem = problemFound{text: j.fault.text, midway: true}
		j.fail(problem)
	case j.fault.status != "":
		j.Status, j.ErrorLog = j.fault.status, j.fault.text
	}
	if problem.text == "" {
		d.restore(j, files)
	} else if problem.midway {
		d.removeOverwritten(j, files)
	}
}

// fail sets PRECHECK FAILED if the precheck, which is part of the job, finds the
// problem before anything is changed.
func (j *Job) fail(p problemFound) {
	j.Status, j.ErrorLog = Failed, p.text
	if j.Precheck && !p.midway {
		j.Status = PrecheckFailed
	}
}

// shown finds a job that is not deleted.
func (d *DRS) shown(id string) *Job {
	if j := d.byID[id]; j != nil && !j.Deleted {
		return j
	}
	return nil
}

// newID has the form of the page's ids: a UUID whose end is not hexadecimal.
func (d *DRS) newID() string {
	for {
		a, b := d.random.Uint64(), d.random.Uint64()
		id := fmt.Sprintf("%08x-%04x-4%03x-9%03x-%07xjb%03d", a>>32, a>>16&0xffff, a>>4&0xfff, b>>52, b>>20&0xfffffff, b%1000)
		if d.byID[id] == nil {
			return id
		}
	}
}

func fold(name string) string { return strings.ToLower(name) }
