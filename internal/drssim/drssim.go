// Package drssim is a DRS that validates every request by the API reference,
// and not by what any client sends; restores backups into instances of its
// own; and misbehaves on a seeded schedule. Section numbers in the comments
// are those of the reference's error codes and guides.
//
// The model (Serve) runs in memory without goroutines: whatever depends on
// time is worked out when somebody asks. ServeHTTP puts it on the network.
package drssim

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Config sets up a simulated DRS. Its zero value lets any object exist.
type Config struct {
	Seed        uint64
	Now         func() time.Time    // the server's clock; nil: time.Now
	RestoreTime time.Duration       // how long a job stays TRANSFERRING
	ListLag     time.Duration       // how long after its creation a job is listed
	LowerStatus bool                // a detail says success and failed, as the detail page does
	NumberTimes bool                // times are numbers, otherwise strings, of epoch milliseconds
	StringBools bool                // Booleans of a detail are strings
	UniqueNames bool                // a name in use is refused with DRS.M00277
	OneAtATime  bool                // a second job on a busy instance is refused with DRS.M06020
	Objects     []Object            // nil: any object exists, log backups follow on in order of use
	Databases   map[string][]string // target instance -> databases that are online there
	Faults      []Fault
	Verify      func(*http.Request, []byte) *Refusal // nil: anybody with a token or a signature
}

// Refusal is an answer that refuses a request.
type Refusal struct {
	Status  int
	Code    string
	Message string
}

// Request is one HTTP request without a network.
type Request struct {
	Method, Path string
	Query        url.Values
	Header       http.Header
	Body         []byte
}

// Response is what the server answers, and what the network does with it.
type Response struct {
	Status   int
	Header   http.Header
	Body     []byte
	Delivery Delivery
	Delay    time.Duration
}

// Delivery is what the network does with an answer.
type Delivery string

// The fates of an answer.
const (
	Delivered Delivery = "delivered"
	Lost      Delivery = "lost"      // the connection closes without an answer
	Reset     Delivery = "reset"     // the connection is reset
	Stalled   Delivery = "stalled"   // no answer ever comes
	Truncated Delivery = "truncated" // half of the body, then the end of the connection
)

// Logged is one request as the server saw it.
type Logged struct {
	Method, Path string
	Body         []byte
	Status       int
	Fault        string // "" where it behaved
	JobID        string // the job that it made
}

// DRS is a simulated service with all its instances.
type DRS struct {
	config Config

	mu        sync.Mutex
	random    *rand.Rand
	faults    []planned
	jobs      []*Job
	late      []lateCreate
	databases map[string]map[string]*database // instance -> folded name
	invented  map[string]Object
	nextLSN   uint64
	counts    map[string]int // requests of each kind so far
	log       []Logged
}

// New makes a simulated DRS.
func New(c Config) *DRS {
	if c.Now == nil {
		c.Now = time.Now
	}
	d := &DRS{
		config: c, faults: plan(c.Faults), random: rand.New(rand.NewPCG(c.Seed, 1)),
		databases: map[string]map[string]*database{}, invented: map[string]Object{}, counts: map[string]int{}, nextLSN: 100,
	}
	for instance, names := range c.Databases {
		for _, n := range names {
			d.put(instance, n, &database{state: Online})
		}
	}
	return d
}

// Jobs are all jobs that were ever made, in order.
func (d *DRS) Jobs() []Job {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	out := make([]Job, len(d.jobs))
	for i, j := range d.jobs {
		out[i] = *j
	}
	return out
}

// Requests are all requests so far, in order.
func (d *DRS) Requests() []Logged {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Logged(nil), d.log...)
}

// Database is the state of a database on an instance.
func (d *DRS) Database(instance, name string) State {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	if db := d.find(instance, name); db != nil {
		return db.state
	}
	return Absent
}

// Delete removes the record of a job, as a person in the console would.
func (d *DRS) Delete(id string) bool { return d.change(id, func(j *Job) { j.Deleted = true }) }

// Rename gives a job another name.
func (d *DRS) Rename(id, name string) bool { return d.change(id, func(j *Job) { j.Name = name }) }

// Describe gives a job another description.
func (d *DRS) Describe(id, text string) bool {
	return d.change(id, func(j *Job) { j.Description = text })
}

func (d *DRS) change(id string, f func(*Job)) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	j := d.job(id)
	if j != nil {
		f(j)
	}
	return j != nil
}

// AddForeign makes a job that somebody else has made: on an instance, with
// these databases, running for d.
func (d *DRS) AddForeign(instance, name, description string, databases []string, running time.Duration) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	j := &Job{
		ID: d.newID(), Name: name, Description: description, Instance: instance, Mode: "full", Bucket: "elsewhere",
		Files: []string{"other.bak"}, Databases: databases, Created: d.config.Now(), Foreign: true,
	}
	j.ends, j.Listed = j.Created.Add(running), j.Created
	d.jobs = append(d.jobs, j)
	return j.ID
}
