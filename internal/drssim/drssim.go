// Package drssim simulates DRS. It validates every request against the API
// reference, restores backups into its own target instances, and misbehaves on a
// seeded schedule.
//
// The model (Serve) runs in memory without goroutines: anything that depends on
// time is computed on each call. ServeHTTP serves it over HTTP.
//
// "Page" in the comments is the API reference page "Creating a Backup
// Migration Task" (drs_03_0283) unless another is named. "Guides" are the
// user guides and troubleshooting pages of DRS.
package drssim

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Config configures a simulated DRS. With the zero value any object exists on any
// instance, and every job ends at once.
//
// There is a switch for each question that the pages leave open if both answers
// matter. Its zero value is the answer that is harder for a client.
type Config struct {
	Seed        uint64
	Now         func() time.Time // the server's clock; nil: time.Now
	RestoreTime time.Duration    // how long a job stays TRANSFERRING
	ListLag     time.Duration    // a job is listed only this long after it was accepted

	// Objects are the objects in the buckets. nil: any object exists, and new
	// log backups are consecutive in the order of their first accepted use,
	// for each set of databases. Then a job that names no databases restores
	// those that the file names suggest: ims.bak is ims, ims_log1.bak its log.
	Objects   []Object
	Databases map[string][]string // target instance id -> databases that are already online there
	Faults    []Fault

	// Verify authenticates a request and its body. nil: any non-empty
	// X-Auth-Token or Authorization header is accepted.
	Verify func(r *http.Request, body []byte) *Refusal

	LowerStatus bool // a detail has "success" and "failed", as on the detail page
	NumberTimes bool // times are numbers of epoch milliseconds; default: strings
	StringBools bool // Booleans of a detail are strings

	UniqueNames bool // a job name in use is refused with DRS.M00277
	OneAtATime  bool // a second job on a busy instance is refused with DRS.M06020
	OwnJobsOnly bool // a list shows only the caller's jobs
}

// Refusal is an answer that refuses a request.
type Refusal struct {
	Status  int
	Code    string // DRS.M00200, APIGW.0301
	Message string
}

// DRS is a simulated service with its target instances. It is safe for
// concurrent use.
type DRS struct {
	config Config
	faults []armed
	closed chan struct{}
	once   sync.Once

	mu        sync.Mutex
	random    *rand.Rand
	jobs      []*Job
	byID      map[string]*Job
	running   []*Job
	late      []lateRequest
	objects   map[string]Object
	positions map[string]uint64               // number of log backups for each set of databases
	instances map[string]map[string]*database // instance -> folded name
	counts    map[string]int                  // requests of each operation so far
	log       []Logged
}

// New makes a simulated DRS. It ignores a Fault whose kind is not in FaultKinds.
func New(c Config) *DRS {
	if c.Now == nil {
		c.Now = time.Now
	}
	d := &DRS{
		config: c, faults: arm(c.Faults), closed: make(chan struct{}),
		random: rand.New(rand.NewPCG(c.Seed, 0x647273)),
		byID:   map[string]*Job{}, objects: map[string]Object{}, positions: map[string]uint64{},
		instances: map[string]map[string]*database{}, counts: map[string]int{},
	}
	for _, o := range c.Objects {
		d.objects[o.id()] = o
	}
	for instance, names := range c.Databases {
		for _, n := range names {
			d.put(instance, n, database{state: Online})
		}
	}
	return d
}

// Close ends all answers that are stalled or delayed over HTTP.
func (d *DRS) Close() { d.once.Do(func() { close(d.closed) }) }
