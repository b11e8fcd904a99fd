package drssim

import (
	"net/http"
	"slices"
	"time"
)

// Logged is one request as the server saw it.
type Logged struct {
	At           time.Time
	Method, Path string
	Op           string // create, list, show, update, delete, validate; "" where no operation has this path
	Body         []byte
	Status       int    // of the answer, 0 where none is sent
	Code         string // the error code of the answer, if it has one
	JobID        string // the job that the request made at once
	Fault        string // the fault in its text form, "" where the server behaved
	Delivery     Delivery
}

// Jobs are all jobs that were ever accepted, in that order, as they are now.
func (d *DRS) Jobs() []Job {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	out := make([]Job, len(d.jobs))
	for i, j := range d.jobs {
		out[i] = *j
	}
	return out
}

// Job is one job as it is now, deleted ones too.
func (d *DRS) Job(id string) (Job, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	if j := d.byID[id]; j != nil {
		return *j, true
	}
	return Job{}, false
}

// Requests are all requests so far, in order.
func (d *DRS) Requests() []Logged {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.log)
}

// Database is the state of a database on an instance. Names are compared
// without case, as SQL Server does.
func (d *DRS) Database(instance, name string) State {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	if db := d.find(instance, name); db != nil {
		return db.state
	}
	return Absent
}

// Delete removes the record of a job, running or not, as a person in the
// console would. The restore goes on. It reports whether there was one.
func (d *DRS) Delete(id string) bool {
	return d.change(id, func(j *Job) { j.Deleted = true })
}

// Rename gives a job another name, however odd.
func (d *DRS) Rename(id, name string) bool {
	return d.change(id, func(j *Job) { j.Name = name })
}

// SetDescription gives a job another description, however odd.
func (d *DRS) SetDescription(id, description string) bool {
	return d.change(id, func(j *Job) { j.Description = description })
}

func (d *DRS) change(id string, f func(*Job)) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	j := d.shown(id)
	if j != nil {
		f(j)
	}
	return j != nil
}

// ForeignJob is a job that somebody else makes.
type ForeignJob struct {
	Instance    string
	Name        string
	Description string
	Databases   []string
	Running     time.Duration // how long it runs; 0: it has ended
}

// AddForeignJob makes a job of somebody else, listed at once, and gives its
// id. It leaves the databases alone.
func (d *DRS) AddForeignJob(f ForeignJob) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	now := d.config.Now()
	j := &Job{
		Name: f.Name, Description: f.Description, Instance: f.Instance, DBNames: f.Databases, Databases: f.Databases,
		FileStream: "off", ResetNames: map[string]string{}, Source: "OBS", Bucket: "somebody-elses", Files: []string{"other.bak"}, Mode: "full", Last: true,
		Foreign: true, Principal: "somebody else", Created: now, Listed: now, Ends: now.Add(f.Running),
	}
	d.start(j)
	d.advance()
	return j.ID
}

// PutObject puts an object into its bucket, or another in its place.
func (d *DRS) PutObject(o Object) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	d.objects[o.id()] = o
}

// DropDatabase removes a database from an instance, as a person would.
func (d *DRS) DropDatabase(instance, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	delete(d.instances[instance], fold(name))
}

// note writes a request down, and gives its answer back.
func (d *DRS) note(r Request, op string, resp Response, fault, jobID string) Response {
	d.log = append(d.log, Logged{
		At: d.config.Now(), Method: r.Method, Path: r.Path, Op: op, Body: r.Body,
		Status: resp.Status, Code: resp.code, JobID: jobID, Fault: fault, Delivery: resp.Delivery,
	})
	return resp
}

// principal is who asks: the access key of a signature, or anybody with a token.
func principal(h http.Header) string {
	if m := accessKey.FindStringSubmatch(h.Get("Authorization")); m != nil {
		return m[1]
	}
	return "token"
}
