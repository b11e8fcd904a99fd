//go:build linux && amd64

package e2e_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/postgrestest"
)

var (
	fleetPlans = flag.Int("fleet-plans", 16, "plans of the test of many runners")
	fleetTime  = flag.Duration("fleet-time", 0, "repeat the test of many runners, with one seed after the other, for this long")
	fleetSeed  = flag.Uint64("fleet-seed", 1, "the first seed of the test of many runners")
)

// postgres is the server of these tests, which do not run at once: one of them
// lets it crash.
var postgres postgrestest.Shared

const runners = 8

// Eight runners share one ledger in PostgreSQL. They are killed and stopped,
// their connections to it are cut, and its server crashes. Each step gets one
// job, every plan is finished, and the history of each has its hashes.
func TestManyRunnersMakeOneJobPerStep(t *testing.T) {
	pg := postgres.Start(t)
	end := time.Now().Add(*fleetTime)
	for seed := *fleetSeed; seed == *fleetSeed || time.Now().Before(end); seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			f := newFleet(t, pg, *fleetPlans, max(1, *fleetPlans/5))
			d := &disturbance{fleet: f, random: rand.New(rand.NewPCG(seed, 11)), running: map[*os.Process]bool{}, counts: map[string]int{}}
			d.run(seed)
			f.finish()
			f.checkJobs()
			t.Logf("%d plans, %d jobs; %v", len(f.plans), len(f.sim.Jobs()), d.counts)
		})
	}
}

// disturbance runs passes and what disturbs them.
type disturbance struct {
	*fleet
	random *rand.Rand // of what disturbs

	lock    sync.Mutex
	running map[*os.Process]bool
	counts  map[string]int
	ended   bool
}

func (d *disturbance) count(what string) {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.counts[what]++
}

func (d *disturbance) isOver() bool {
	d.lock.Lock()
	defer d.lock.Unlock()
	return d.ended
}

// run lets the runners work until each plan could have been finished twice.
func (d *disturbance) run(seed uint64) {
	var wg sync.WaitGroup
	for i := range runners {
		wg.Go(func() { d.passes(rand.New(rand.NewPCG(seed, 100+uint64(i)))) })
	}
	wg.Go(d.disturb)
	wg.Wait()
}

const plansAtOnce = 5

// passes makes passes over some plans at a time, as many as all plans need.
func (d *disturbance) passes(random *rand.Rand) {
	steps := len(d.plans[0].Steps) + 1 // the last pass sees the end of the last job
	for range 2 * steps * len(d.plans) / plansAtOnce / runners {
		argv := []string{binary, "apply", "--timeout", "20s"}
		for _, i := range random.Perm(len(d.plans))[:min(plansAtOnce, len(d.plans))] {
			argv = append(argv, d.files[i])
		}
		r := d.execute(argv)
		d.count(fmt.Sprint("exit ", r.code))
		if r.code != 0 && r.code != 5 && r.code != 75 && r.code != -1 {
			d.t.Errorf("a pass: %v", r)
		}
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	d.ended = true
}

// execute is execute for other goroutines than the test's.
func (d *disturbance) execute(argv []string) result {
	var stdout, stderr bytes.Buffer
	cmd := &exec.Cmd{Path: argv[0], Args: argv, Env: d.env, Stdout: &stdout, Stderr: &stderr}
	if err := cmd.Start(); err != nil {
		return result{code: -2, stderr: err.Error()}
	}
	d.lock.Lock()
	d.running[cmd.Process] = true
	d.lock.Unlock()
	_ = cmd.Wait()
	d.lock.Lock()
	delete(d.running, cmd.Process)
	d.lock.Unlock()
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// disturb kills, stops and cuts until a runner has made its passes.
func (d *disturbance) disturb() {
	for n := 1; !d.isOver(); n++ {
		time.Sleep(time.Duration(20+d.random.IntN(100)) * time.Millisecond)
		switch k := d.random.IntN(10); {
		case n%25 == 0:
			d.count("server crashes")
			d.pg.Stop(syscall.SIGQUIT)
			if err := d.pg.Start(); err != nil {
				d.t.Error(err)
				return
			}
		case k < 4:
			d.signal(syscall.SIGKILL)
		case k < 7:
			d.signal(syscall.SIGSTOP)
		default:
			d.cut()
		}
	}
}

// signal sends a signal to one of the runners; a stopped one goes on later.
func (d *disturbance) signal(s syscall.Signal) {
	d.lock.Lock()
	defer d.lock.Unlock()
	for process := range d.running { // in random order
		_ = process.Signal(s)
		d.counts[s.String()]++
		if s == syscall.SIGSTOP {
			time.AfterFunc(time.Duration(d.random.IntN(600))*time.Millisecond, func() { _ = process.Signal(syscall.SIGCONT) })
		}
		return
	}
}

// cut ends connections to the ledger, some that hold locks and some in an append.
func (d *disturbance) cut() {
	const some = "select pg_terminate_backend(pid) from (select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() order by random() limit 3) a"
	if _, err := d.look.Exec(some); err == nil {
		d.count("cuts")
	}
}

// A lock that a runner loses between its listing and its intent keeps the create
// from being sent: another runner may have the target by then.
func TestLostLockKeepsCreateFromBeingSent(t *testing.T) {
	pg := postgres.Start(t)
	f := newFleet(t, pg, 1, 1)
	var lists atomic.Int64
	f.onRequest(func(r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Query().Has("dbs_instance_ids") {
			lists.Add(1)
			pg.Exec(t, f.database(), "select pg_terminate_backend(pid, 10000) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()")
		}
	})
	r := execute(t, f.env, binary, "apply", f.files[0])
	if r.code != 75 || r.stdout != "" || !strings.Contains(r.stderr, "the lock on this target was lost") || lists.Load() != 1 {
		t.Errorf("%d lists, %v", lists.Load(), r)
	}
	if s := f.states()[0]; len(f.sim.Jobs()) != 0 || s.Step(1).IntentSeq != 0 {
		t.Errorf("%d jobs, %+v", len(f.sim.Jobs()), s)
	}
	f.onRequest(func(*http.Request) {})
	f.finish()
	f.checkJobs()
}

// database is the name of the ledger's database.
func (f *fleet) database() string {
	before, _, _ := strings.Cut(f.ledger, "?")
	return before[strings.LastIndex(before, "/")+1:]
}
