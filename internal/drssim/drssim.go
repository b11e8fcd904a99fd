// Package drssim is a DRS that validates every request by the API reference,
// and not by what any client sends; restores backups into target instances of
// its own; and misbehaves on a seeded schedule.
//
// The model (Serve) runs in memory without goroutines: whatever depends on
// time is worked out when somebody asks. ServeHTTP puts it on the network.
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

// Config sets up a simulated DRS. Its zero value lets any object exist on any
// instance, and ends every job at once.
//
// Where the pages leave a question open and both answers matter, a switch
// stands here; its zero value is the answer that is harder on a client.
type Config struct {
	Seed        uint64
	Now         func() time.Time // the server's clock; nil: time.Now
	RestoreTime time.Duration    // how long a job stays TRANSFERRING
	ListLag     time.Duration    // a job is listed only this long after it was accepted

	// Objects is what lies in the buckets. nil: any object exists, and new log
	// backups follow on in the order of their first accepted use, per set of
	// databases. Without a manifest a job that names no databases means those
	// that the file names suggest: ims.bak is ims, ims_log1.bak its log.
	Objects   []Object
	Databases map[string][]string // target instance id -> names that are online there already
	Project   string              // "": any; otherwise another in a path is refused with DRS.M00261
	Faults    []Fault

	// Verify authenticates a request and its body. nil: any non-empty
	// X-Auth-Token or Authorization header is let in.
	Verify func(r *http.Request, body []byte) *Refusal

	LowerStatus bool // a detail says "success" and "failed", as the detail page spells them
	NumberTimes bool // times are numbers of epoch milliseconds; default: strings
	StringBools bool // Booleans of a detail are strings

	UniqueNames         bool // a name in use is refused with DRS.M00277
	OneAtATime          bool // a second job on a busy instance is refused with DRS.M06020
	OwnJobsOnly         bool // a list shows only the jobs of who asks
	AcceptDifferentials bool // a differential backup may be restored as an incremental
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
	positions map[string]uint64               // how many log backups a set of databases has had
	instances map[string]map[string]*database // instance -> folded name
	counts    map[string]int                  // requests of each operation so far
	log       []Logged
}

// New makes a simulated DRS. A Fault of a kind that FaultKinds does not know
// does nothing.
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
