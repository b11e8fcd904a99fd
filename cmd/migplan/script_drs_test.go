package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/migplan/migplan/internal/obstest"
)

// world is what one script has beside its folder.
type world struct {
	simulator *exec.Cmd
	killed    *exec.Cmd // what signal reached last
	bucket    *obstest.Server
	disguise  atomic.Pointer[strings.Replacer]
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

func (w *world) stop() {
	if w.simulator != nil {
		_ = w.simulator.Process.Kill()
		_ = w.simulator.Wait()
		w.simulator = nil
	}
}

// drs starts, asks and changes the simulated DRS of a script:
//
//	start [FLAG...]       serves it and sets MIGPLAN_ENDPOINT
//	stop                  ends it
//	jobs N NAME           wants N jobs whose name holds NAME ("" for all)
//	await N NAME [STATUS] waits until there are N of them, with this status
//	id VAR NAME           puts the id of the one job into the environment
//	post VAR FILE         makes a job from a body, as somebody else would
//	rename ID NAME        renames it
//	delete ID             deletes its record
//	refuse STATUS TYPE BODY   serves one answer to everything instead
//	front                 puts a proxy before the simulator and sets MIGPLAN_ENDPOINT to it
//	disguise OLD NEW      makes the proxy rewrite answers from now on
func drsCommand(ts *testscript.TestScript, neg bool, args []string) {
	commands := map[string]func(*testscript.TestScript, []string){
		"start": drsStart, "jobs": drsJobs, "await": drsAwait, "id": drsID, "post": drsPost, "refuse": drsRefuse, "front": drsFront, "disguise": drsDisguise,
		"stop":   func(ts *testscript.TestScript, _ []string) { worldOf(ts).stop() },
		"rename": func(ts *testscript.TestScript, a []string) { ask(ts, "PUT", "/"+a[0], `{"name":"`+a[1]+`"}`) },
		"delete": func(ts *testscript.TestScript, a []string) { ask(ts, "DELETE", "/"+a[0], "") },
	}
	least := map[string]int{"jobs": 2, "await": 2, "id": 2, "post": 2, "rename": 2, "delete": 1, "refuse": 3, "disguise": 2}
	if neg || len(args) == 0 || commands[args[0]] == nil || len(args)-1 < least[args[0]] {
		ts.Fatalf("drs %q is not known", args)
	}
	commands[args[0]](ts, args[1:])
}

func drsStart(ts *testscript.TestScript, args []string) {
	w := worldOf(ts)
	w.stop()
	w.simulator = exec.Command("migplan", append([]string{"simulate", "--listen", "127.0.0.1:0"}, args...)...)
	w.simulator.Dir, w.simulator.Stderr = ts.MkAbs("."), os.Stderr
	w.simulator.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	out, err := w.simulator.StdoutPipe()
	ts.Check(err)
	ts.Check(w.simulator.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	ts.Check(err)
	ts.Setenv("MIGPLAN_ENDPOINT", strings.TrimSpace(strings.TrimPrefix(line, "listening on ")))
}

// simulated is a job as the list shows it.
type simulated struct{ ID, Name, Status string }

// ask sends one request to the simulator and wants a 200.
func ask(ts *testscript.TestScript, method, path, body string) []byte {
	b, err := request(ts.Getenv("MIGPLAN_ENDPOINT"), method, path, body)
	ts.Check(err)
	return b
}

func request(endpoint, method, path, body string) ([]byte, error) {
	req, err := http.NewRequest(method, endpoint+"/v5/054ba152d480d55b2f5dc0069e7ddef0/backup-migration-jobs"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Auth-Token", "somebody")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, b)
	}
	return b, err
}

// simulatedJobs are the jobs with a name that holds part, newest first.
func simulatedJobs(endpoint, part string) ([]simulated, error) {
	b, err := request(endpoint, "GET", "?limit=1000", "")
	if err != nil {
		return nil, err
	}
	var list struct{ Jobs []simulated }
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&list); err != nil {
		return nil, err
	}
	var out []simulated
	for _, j := range list.Jobs {
		if strings.Contains(j.Name, part) {
			out = append(out, j)
		}
	}
	return out, nil
}

func listed(ts *testscript.TestScript, part string) []simulated {
	jobs, err := simulatedJobs(ts.Getenv("MIGPLAN_ENDPOINT"), part)
	ts.Check(err)
	return jobs
}

func drsJobs(ts *testscript.TestScript, args []string) {
	if jobs := listed(ts, args[1]); strconv.Itoa(len(jobs)) != args[0] {
		ts.Fatalf("%d jobs, want %s: %v", len(jobs), args[0], jobs)
	}
}

func drsAwait(ts *testscript.TestScript, args []string) {
	status := append(args, "", "")[2]
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		n := 0
		for _, j := range listed(ts, args[1]) {
			if status == "" || j.Status == status {
				n++
			}
		}
		if strconv.Itoa(n) == args[0] {
			return
		}
	}
	ts.Fatalf("waited in vain for %s jobs %q %s: %v", args[0], args[1], status, listed(ts, args[1]))
}

func drsID(ts *testscript.TestScript, args []string) {
	jobs := listed(ts, args[1])
	if len(jobs) != 1 {
		ts.Fatalf("%d jobs, want 1: %v", len(jobs), jobs)
	}
	ts.Setenv(args[0], jobs[0].ID)
}

func drsPost(ts *testscript.TestScript, args []string) {
	var made struct {
		JobID string `json:"job_id"`
	}
	ts.Check(json.Unmarshal(ask(ts, "POST", "", ts.ReadFile(args[1])), &made))
	ts.Setenv(args[0], made.JobID)
}
