package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// echoing is a raw server that gives back what proves who asks, in a form of
// its own, and remembers it.
type echoing struct {
	form   string // with % where the proof goes
	honest int    // this many requests get an empty listing first

	mu     sync.Mutex
	proofs []string
}

func (e *echoing) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, _ := io.ReadAll(req.Body)
		if answer := e.answer(req, string(body)); answer != "" {
			_, _ = io.WriteString(conn, answer)
			continue
		}
		const empty = `{"count":0,"jobs":[]}`
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(empty), empty)
	}
}

func (e *echoing) answer(req *http.Request, body string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	proof := ""
	for _, name := range []string{"Authorization", "X-Auth-Token", "X-Security-Token"} {
		if v := req.Header.Get(name); v != "" {
			e.proofs = append(e.proofs, v)
			proof = v
		}
	}
	if _, signature, ok := strings.Cut(req.Header.Get("Authorization"), "Signature="); ok {
		e.proofs = append(e.proofs, signature)
	}
	if strings.Contains(body, `"password"`) {
		proof = canary
	}
	if e.honest--; e.honest >= 0 {
		return ""
	}
	return strings.ReplaceAll(e.form, "%", proof)
}

// TestNothingThatAServerGivesBackIsPrinted has every credential given back in
// every part of an answer, by IAM too, and looks for it in all that the
// command prints or writes.
func TestNothingThatAServerGivesBackIsPrinted(t *testing.T) {
	t.Parallel()
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	forms := map[string]string{
		"status line":       "%\r\n\r\n",
		"status code":       "HTTP/1.1 % OK\r\n\r\n",
		"reason":            "HTTP/1.1 403 %\r\nContent-Length: 0\r\n\r\n",
		"header":            "HTTP/1.1 200 OK\r\n%\r\n\r\n",
		"content length":    "HTTP/1.1 200 OK\r\nContent-Length: %\r\n\r\n",
		"transfer encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: %\r\n\r\n",
		"location":          "HTTP/1.1 307 No\r\nLocation: http://h:%/\r\nContent-Length: 0\r\n\r\n",
		"request id":        "HTTP/1.1 101 No\r\nConnection: upgrade\r\nUpgrade: x\r\nX-Request-Id: %\r\n\r\n",
		"chunk extension":   chunked + "2;%\r\n{}\r\n0\r\n\r\n",
		"chunk length":      chunked + "%\r\n{}\r\n0\r\n\r\n",
		"trailer":           chunked + "2\r\n{}\r\n0\r\n%\r\n\r\n",
		"behind the answer": "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n" + `{"count":0,"jobs":[]}%`,
	}
	const token = canary + "+/="
	for name, form := range forms {
		for who, env := range map[string][]string{
			"token":      {"MIGPLAN_AUTH_TOKEN=" + token},
			"keys":       keys(canary),
			"session":    keys(canary, "HUAWEICLOUD_SDK_SECURITY_TOKEN="+token),
			"IAM, token": {"MIGPLAN_AUTH_TOKEN=" + token},
			"IAM user":   {"HW_USER_NAME=u", "HW_DOMAIN_NAME=d", "HW_USER_PASSWORD=" + canary},
		} {
			for honest := range 2 { // the listing, or the create after it
				asksIAM := strings.HasPrefix(who, "IAM")
				if honest > 0 && asksIAM {
					continue
				}
				t.Run(fmt.Sprint(name, " ", who, " ", honest), func(t *testing.T) {
					t.Parallel()
					gives(t, &echoing{form: form, honest: honest}, asksIAM, env)
				})
			}
		}
	}
}

// gives is long because it contains a table.
func gives(t *testing.T, e *echoing, asksIAM bool, env []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go e.serve(conn)
		}
	}()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plan.yaml"), []byte(chainPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, args := range [][]string{
		{"apply", "-v", "--timeout", "300ms", "plan.yaml"}, {"apply", "--timeout", "300ms", "-o", "json", "plan.yaml"},
		{"whoami", "plan.yaml"}, {"status", "-o", "json", "plan.yaml"}, {"history", "-o", "json", "plan.yaml"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, "migplan", args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &all, &all
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=/no-home", "GORACE=atexit_sleep_ms=0", "MIGPLAN_LEDGER=ledger",
			"MIGPLAN_ENDPOINT=http://" + l.Addr().String()}, env...)
		if asksIAM {
			cmd.Env = append(cmd.Env, "HW_AUTH_URL=http://"+l.Addr().String())
		}
		if _ = cmd.Run(); ctx.Err() != nil {
			t.Errorf("%q: migplan %s does not end", e.form, args[0])
		}
	}
	readAll(t, filepath.Join(dir, "ledger"), &all)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, proof := range append(e.proofs, canary) {
		if i := strings.Index(all.String(), proof); i >= 0 {
			t.Fatalf("%q gives a credential away: ...%s", e.form, all.String()[max(0, i-200):i+len(proof)])
		}
	}
}

// readAll appends every file of a folder that may be absent.
func readAll(t *testing.T, dir string, all *bytes.Buffer) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		b, err := os.ReadFile(path)
		all.Write(b)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
