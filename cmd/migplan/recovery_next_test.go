package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// wayOut is what a person does about a stop of docs/recovery.md.
type wayOut struct {
	command int                                            // which of the commands behind next:, from 1; 0 if it has none
	before  func(t *testing.T, s *stage) map[string]string // what comes first, in words; gives the words in capitals
}

// waysOut has a way for every command that the document shows behind next:.
func waysOut() map[int][]wayOut {
	return map[int][]wayOut{
		3: {{before: func(t *testing.T, s *stage) map[string]string {
			s.write(t, "ims.yaml", imsPlan(oneLog+"  - incremental: LOG/ims_tail.bak\n  - cutover\n"))
			_, stderr := s.migplan(t, 7, "apply", "--wait", "ims.yaml")
			s.paste(t, 0, firstCommand(t, stderr))
			return nil
		}}},
		4: {{command: 1}},
		5: {
			{command: 1, before: func(t *testing.T, s *stage) map[string]string {
				return map[string]string{"JOB_ID": s.createInConsole(t)}
			}},
			{command: 2, before: func(t *testing.T, s *stage) map[string]string {
				s.age(t, 46*time.Minute)
				s.migplan(t, 75, "resolve", "ims.yaml", "1", "--not-created", "--reason", "the first of two empty lists, as section 5 says")
				s.age(t, 5*time.Minute)
				return nil
			}},
		},
		6: {{command: 1, before: func(t *testing.T, s *stage) map[string]string { s.age(t, 45*time.Minute); return nil }}},
		7: {{command: 1}},
		75: {{command: 1, before: func(t *testing.T, s *stage) map[string]string {
			s.age(t, time.Hour)
			s.migplan(t, 75, "apply", "ims.yaml") // the first of two searches, as section 75 says
			s.age(t, 5*time.Minute)
			return nil
		}}},
		77: {{command: 1}},
	}
}

var (
	exampleBlock = regexp.MustCompile("(?s)<!-- example: (\\d+) -->\n\n```console\n(.*?)\n```")
	nextLines    = regexp.MustCompile(`(?m)^  next: .*\n(?:    .*\n)*`)
)

// TestRecoveryNext does what every next: of docs/recovery.md says, its commands
// as the document prints them, until the plan has nothing left to do.
func TestRecoveryNext(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "recovery.md"))
	if err != nil {
		t.Fatal(err)
	}
	ways := waysOut()
	for _, m := range exampleBlock.FindAllStringSubmatch(string(page), -1) {
		next := nextLines.FindString(m[2])
		if next == "" {
			continue
		}
		code, _ := strconv.Atoi(m[1])
		commands := commandsIn(next)
		if tried := len(ways[code]); tried != max(1, len(commands)) {
			t.Errorf("%d: next: shows %d commands, and %d ways are tried", code, len(commands), tried)
			continue
		}
		for _, way := range ways[code] {
			t.Run(fmt.Sprint(code, " command ", way.command), func(t *testing.T) {
				t.Parallel()
				way.take(t, code, commands)
			})
		}
		delete(ways, code)
	}
	for code := range ways {
		t.Errorf("%d: the document shows no next:", code)
	}
}

// take runs into the stop and out of it again.
func (way wayOut) take(t *testing.T, code int, commands []string) {
	t.Helper()
	s, _, _ := stops()[code].reach(t, code)
	words := map[string]string{}
	if way.before != nil {
		words = way.before(t, s)
	}
	if way.command > 0 {
		line := strings.ReplaceAll(commands[way.command-1], "TEXT", "'checked in the console'")
		for word, is := range words {
			line = strings.ReplaceAll(line, word, is)
		}
		s.paste(t, 0, line)
	}
	stdout, _ := s.migplan(t, 0, "apply", "--wait", "--timeout", "60s", "ims.yaml")
	status, _ := s.migplan(t, 0, "status", "ims.yaml")
	if !regexp.MustCompile(`: (waiting for the next backup|online)\n`).MatchString(status) {
		t.Errorf("the plan has not reached its end:\n%s%s", stdout, status)
	}
}

// commandsIn are the commands of next:, each on a line of its own.
func commandsIn(next string) []string {
	var out []string
	for line := range strings.Lines(strings.TrimPrefix(next, "  next: ")) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "migplan ") {
			out = append(out, line)
		}
	}
	return out
}

func firstCommand(t *testing.T, stderr string) string {
	t.Helper()
	commands := commandsIn(nextLines.FindString(stderr))
	if len(commands) == 0 {
		t.Fatalf("nothing to do next in\n%s", stderr)
	}
	return commands[0]
}

// paste runs a command as a person pastes it into a shell.
func (s *stage) paste(t *testing.T, want int, line string) {
	t.Helper()
	c := exec.Command("/bin/sh", "-c", line)
	c.Dir, c.Env = s.dir, s.env
	out, err := c.CombinedOutput()
	if c.ProcessState == nil || c.ProcessState.ExitCode() != want {
		t.Fatalf("pasted %q: %v, want exit code %d\n%s", line, err, want, out)
	}
}

func (s *stage) age(t *testing.T, by time.Duration) {
	t.Helper()
	if err := ageLedger(filepath.Join(s.dir, "ledger"), by); err != nil {
		t.Fatal(err)
	}
}

// createInConsole makes the job of step 1 under another name, as a person does
// in the console, and returns its id.
func (s *stage) createInConsole(t *testing.T) string {
	t.Helper()
	const job = `{"base_info":{"name":"by-hand","engine_type":"sqlserver","description":"made in the console"},
 "target_db_info":{"target_instance_id":"0a3182607bc549bcb46cc9a8755761a6in04","ms_file_stream_status":"off","file_id":""},
 "backup_info":{"file_source":"OBS","bucket_name":"zyy-obs","files":[{"name":"ims.bak","obs_path":"floder/"}]},
 "options":{"is_cover":false,"is_default_restore":false,"is_last_backup":false,"is_precheck":true,"recovery_mode":"full","db_names":["ims"],"reset_db_name_map":{},"is_delete_backup_file":true}}`
	endpoint := ""
	for _, e := range s.env {
		if is, ok := strings.CutPrefix(e, "MIGPLAN_ENDPOINT="); ok {
			endpoint = is
		}
	}
	b, err := request(endpoint, "POST", "", job)
	var made struct {
		JobID string `json:"job_id"`
	}
	if err != nil || json.Unmarshal(b, &made) != nil || made.JobID == "" {
		t.Fatalf("%v: %s", err, b)
	}
	return made.JobID
}

// TestRecoveryHints does what the examples of docs/recovery.md say that are about no
// plan and so have no next:.
func TestRecoveryHints(t *testing.T) {
	t.Parallel()
	s, _, stderr := stops()[1].reach(t, 1)
	remedy := regexp.MustCompile(`: (mkdir -p \S+)\n`).FindStringSubmatch(stderr)
	if remedy == nil {
		t.Fatalf("1: no command in %q", stderr)
	}
	s.paste(t, 0, remedy[1])
	s.migplan(t, 0, stops()[1].args...)
	s, _, stderr = stops()[64].reach(t, 64)
	remedy = regexp.MustCompile(`did you mean (migplan \w+)\?`).FindStringSubmatch(stderr)
	if remedy == nil {
		t.Fatalf("64: no command in %q", stderr)
	}
	s.paste(t, 0, remedy[1]+" ims.yaml")
}
