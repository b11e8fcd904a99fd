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
	Op           string // create, list, show, update, delete, validate; "" if no operation has this path
	Body         []byte
	Status       int    // of the answer, 0 if none is sent
	Code         string // the error code of the answer, if it has one
	JobID        string // the job that the request created at once
	Fault        string // the fault in its text form, "" if there was none
	Delivery     Delivery
}

// Jobs are all accepted jobs in their current state, in the order of acceptance.
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

// Job is the current state of a job, even if it is deleted.
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

// Database is the state of a database on an instance. Case is ignored, as in SQL
// Server.
func (d *DRS) Database(instance, name string) State {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	if db := d.find(instance, name); db != nil {
		return db.state
	}
	return Absent
}

// Delete removes the record of a job, running or not, as a person in the console
// can. The restore continues. It reports whether the job existed.
func (d *DRS) Delete(id string) bool {
	return d.change(id, func(j *Job) { j.Deleted = true })
}

// Rename sets the name of a job without checking it.
func (d *DRS) Rename(id, name string) bool {
	return d.change(id, func(j *Job) { j.Name = name })
}

// SetDescription sets the description of a job without checking it.
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

// ForeignJob is a job of another user.
type ForeignJob struct {
	Instance    string
	Name        string
	Description string
	Databases   []string
	Running     time.Duration // how long it runs; 0: it has ended
}

// AddForeignJob creates a job of another user, which is listed at once, and returns
// its id. It does not change databases.
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

// PutObject adds an object to its bucket, or replaces it.
func (d *DRS) PutObject(o Object) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	d.objects[o.id()] = o
}

// DropDatabase removes a database from an instance, as a person can.
func (d *DRS) DropDatabase(instance, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	delete(d.instances[instance], fold(name))
}

// note logs a request and returns its answer.
func (d *DRS) note(r Request, op string, resp Response, fault, jobID string) Response {
	d.log = append(d.log, Logged{
		At: d.config.Now(), Method: r.Method, Path: r.Path, Op: op, Body: r.Body,
		Status: resp.Status, Code: resp.code, JobID: jobID, Fault: fault, Delivery: resp.Delivery,
	})
	return resp
}

// principal is the caller: the access key of a signature, or "token".
func principal(h http.Header) string {
	if m := accessKey().FindStringSubmatch(h.Get("Authorization")); m != nil {
		return m[1]
	}
	return "token"
}
