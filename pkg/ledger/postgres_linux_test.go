package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// needPostgres makes it an error where PostgreSQL is not installed: .ci/run sets
// it.
const needPostgres = "MIGPLAN_NEED_POSTGRES"

// pgServer is a private PostgreSQL server on a socket in its folder.
type pgServer struct {
	dir  string
	cmd  *exec.Cmd
	next atomic.Int64
}

// shared is the server of all tests that do not stop it.
var shared struct {
	once   sync.Once
	server *pgServer
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.server != nil {
		shared.server.stop(syscall.SIGQUIT)
		os.RemoveAll(shared.server.dir)
	}
	os.Exit(code)
}

// mustServer is a running server, or the test is skipped.
func mustServer(t testing.TB) *pgServer {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = newServer() })
	if errors.Is(shared.err, exec.ErrNotFound) && os.Getenv(needPostgres) == "" {
		t.Skip("PostgreSQL is not installed: apt-get install postgresql")
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// program finds a program of PostgreSQL, which Debian does not put into PATH.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return filepath.EvalSymlinks(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
	}
	return found[len(found)-1], nil
}

// newServer makes a cluster and starts it, as nobody where the tests run as root:
// PostgreSQL refuses root.
func newServer() (*pgServer, error) {
	initdb, err := program("initdb")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/dev/shm", "migplan-pg-")
	if err != nil {
		dir, err = os.MkdirTemp("", "migplan-pg-")
	}
	if err != nil {
		return nil, err
	}
	s := &pgServer{dir: dir}
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			return nil, err
		}
	}
	out, err := s.command(initdb, "-D", s.data(), "-A", "trust", "-U", "migplan", "--no-sync", "-E", "UTF8", "--locale=C").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	hba := "local all secret scram-sha-256\nlocal all all trust\n"
	if err := os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte(hba), 0o600); err != nil {
		return nil, err
	}
	return s, s.start()
}

const nobody = 65534

func (s *pgServer) data() string { return filepath.Join(s.dir, "data") }

func (s *pgServer) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return cmd
}

// start starts the server from a thread of its own, with which it would be
// killed if the tests were.
func (s *pgServer) start() error {
	postgres, err := program("postgres")
	if err != nil {
		return err
	}
	s.cmd = s.command(postgres, "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=100", "-c", "shared_buffers=16MB")
	s.cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	started := make(chan error)
	go func(cmd *exec.Cmd) {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		started <- nil
	}(s.cmd)
	if err := <-started; err != nil {
		return err
	}
	go func() { <-started }()
	return s.wait()
}

func (s *pgServer) wait() error {
	var err error
	for range 600 {
		if err = s.ping(); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return fmt.Errorf("PostgreSQL does not start: %w\n%s", err, log)
}

func (s *pgServer) ping() error {
	db, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Ping()
}

// stop waits until the server has ended.
func (s *pgServer) stop(signal syscall.Signal) {
	_ = s.cmd.Process.Signal(signal)
	for range 600 {
		if s.ping() != nil && s.cmd.Process.Signal(syscall.Signal(0)) != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (s *pgServer) address(database string) string {
	return "postgres://migplan@/" + database + "?host=" + s.dir
}

func (s *pgServer) exec(t testing.TB, database, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", s.address(database))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// newDatabase is the address of an empty database.
func (s *pgServer) newDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprint("t", s.next.Add(1))
	s.exec(t, "postgres", "create database "+name)
	return s.address(name)
}

// mustPostgres is an empty ledger in PostgreSQL.
func mustPostgres(t testing.TB) *Ledger { return mustOpen(t, newPostgres(t)) }

// newPostgres is the address of an empty database.
func newPostgres(t testing.TB) string { return mustServer(t).newDatabase(t) }

// pgProxy forwards connections to a server, and cuts some of them off.
type pgProxy struct {
	dir string
	// cut is asked about each message of a client. It says whether to cut the
	// connection, and whether the server gets the message before.
	cut func(message string) (cut, after bool)
}

func newProxy(t testing.TB, s *pgServer, cut func(string) (bool, bool)) *pgProxy {
	t.Helper()
	dir, err := os.MkdirTemp("", "migplan-proxy-") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &pgProxy{dir, cut}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c, filepath.Join(s.dir, ".s.PGSQL.5432"))
		}
	}()
	return p
}

func (p *pgProxy) serve(client net.Conn, to string) {
	defer client.Close()
	server, err := net.Dial("unix", to)
	if err != nil {
		return
	}
	defer server.Close()
	var mute atomic.Bool
	answered := make(chan bool, 1)
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, err := server.Read(b)
			if mute.Load() {
				answered <- true
				return
			}
			if err != nil {
				client.Close()
				return
			}
			_, _ = client.Write(b[:n])
		}
	}()
	b := make([]byte, 1<<16)
	for {
		n, err := client.Read(b)
		if err != nil {
			return
		}
		cut, after := p.cut(string(b[:n]))
		if cut && !after {
			return
		}
		mute.Store(cut)
		if _, err := server.Write(b[:n]); err != nil {
			return
		}
		if cut {
			<-answered
			return
		}
	}
}

func (p *pgProxy) through(address string) string {
	before, _, _ := strings.Cut(address, "?host=")
	return before + "?host=" + p.dir
}

// A COMMIT without an answer is settled by looking for the event: it is in the
// ledger once, whether the server got the COMMIT or not.
func TestCommitWithoutAnAnswerIsSettled(t *testing.T) {
	s := mustServer(t)
	for name, after := range map[string]bool{"the server has committed": true, "the server has not committed": false} {
		for _, how := range []string{"append", "append if allowed"} {
			t.Run(name+", "+how, func(t *testing.T) {
				address := s.newDatabase(t)
				var cuts atomic.Int64
				p := newProxy(t, s, func(m string) (bool, bool) {
					return strings.Contains(m, "COMMIT\x00") && cuts.Add(1) == 2, after // the first is that of Open
				})
				l := mustOpen(t, p.through(address))
				var e Event
				var err error
				if how == "append" {
					e, err = l.Append(context.Background(), Head{}, testEvent(chainA, Opened, 1))
				} else {
					e, err = l.AppendIf(context.Background(), Head{}, testEvent(chainA, Opened, 1), func(*Ledger) error { return nil })
				}
				if err != nil || cuts.Load() < 2 {
					t.Fatalf("%v, after %d commits", err, cuts.Load())
				}
				if got := mustEvents(t, mustOpen(t, address), chainA); len(got) != 1 || got[0].Hash != e.Hash {
					t.Errorf("got %+v, want %+v", got, e)
				}
			})
		}
	}
}

// Where the server never answers again, the result is not known, and is an error.
func TestServerThatStaysAwayIsAnError(t *testing.T) {
	s := mustServer(t)
	address := s.newDatabase(t)
	var away atomic.Bool
	p := newProxy(t, s, func(m string) (bool, bool) {
		return away.Load(), false
	})
	l := mustOpen(t, p.through(address))
	away.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := l.Append(ctx, Head{}, testEvent(chainA, Opened, 1)); err == nil || errors.Is(err, ErrLostRace) || !strings.Contains(err.Error(), "run again") {
		t.Errorf("%v, want an error", err)
	}
}

// Each append waits for the disk, whatever the default of the user is.
func TestAppendIsSynchronous(t *testing.T) {
	s := mustServer(t)
	address := s.newDatabase(t)
	var seen atomic.Int64
	p := newProxy(t, s, func(m string) (bool, bool) {
		if strings.Contains(m, "SET LOCAL synchronous_commit = on") {
			seen.Add(1)
		}
		return false, false
	})
	l := mustOpen(t, p.through(address))
	before := seen.Load()
	fill(t, l, chainA, 3)
	if got := seen.Load() - before; got != 3 {
		t.Errorf("%d of 3 appends ask for a durable commit", got)
	}
}

func TestPostgresLockIsReleasedWithTheConnection(t *testing.T) {
	s := mustServer(t)
	address := s.newDatabase(t)
	c := start(t, "lock", address, "instance-1")
	c.line(t)
	l := mustOpen(t, address)
	_, err := l.Lock(context.Background(), "instance-1", 0)
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("%v, want a LockedError", err)
	}
	want := currentHolder()
	if h := locked.holder; h.PID != c.cmd.Process.Pid || h.User != want.User || h.Host != want.Host || time.Since(h.Since).Abs() > time.Minute {
		t.Errorf("holder %+v", h)
	}
	other, err := l.Lock(context.Background(), "instance-2", 0)
	if err != nil {
		t.Fatal(err)
	}
	other.Unlock()
	time.AfterFunc(50*time.Millisecond, func() { c.kill() })
	lock, err := l.Lock(context.Background(), "instance-1", 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
}

// The server's limit for idle transactions does not end the transaction of a lock.
func TestPostgresLockOutlastsTheIdleTimeout(t *testing.T) {
	s := mustServer(t)
	address := s.newDatabase(t)
	name := address[strings.LastIndex(address, "/t")+1 : strings.Index(address, "?")]
	s.exec(t, "postgres", "alter database "+name+" set idle_in_transaction_session_timeout = '1s'")
	l := mustOpen(t, address)
	lock, err := l.Lock(context.Background(), "i", 0)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(1300 * time.Millisecond)
	var locked *LockedError
	if _, err := l.Lock(context.Background(), "i", 0); !errors.As(err, &locked) {
		t.Errorf("%v, want a LockedError", err)
	}
	lock.Unlock()
}

// After a failover nothing is sent before all that the lost events may have sent
// is listed, and no new chain begins.
func TestAnotherServerIsDistrusted(t *testing.T) {
	mustServer(t) // or skip
	s, err := newServer()
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(s.dir)
	defer func() { s.stop(syscall.SIGQUIT) }()
	address := s.newDatabase(t)
	l := mustOpen(t, address)
	fill(t, l, chainA, 1)
	closed := begin(t, l, chainB, Opened, OpenedData{Plan: "p"})
	e, _ := New(chainB, Decision, 0, 0, "run-1", DecisionData{What: Close})
	if _, err := l.Append(context.Background(), Head{closed.Seq, closed.Hash}, e); err != nil {
		t.Fatal(err)
	}
	l.Close()
	mustOpen(t, address).Close() // the same server
	s.stop(syscall.SIGTERM)
	if err := os.WriteFile(filepath.Join(s.data(), "standby.signal"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(address); err == nil || !strings.Contains(err.Error(), "standby") {
		t.Errorf("a standby was opened: %v", err)
	}
	s.exec(t, "postgres", "select pg_promote()")
	moved := mustOpen(t, address)
	mustOpen(t, address).Close()
	events := mustEvents(t, moved, chainA)
	state, err := Fold(chainA, events)
	if err != nil || len(events) != 2 || events[1].Kind != Moved || time.Until(state.NotBefore) < settleTime-time.Minute {
		t.Errorf("%+v, %v", events, err)
	}
	if got := mustEvents(t, moved, chainB); len(got) != 2 {
		t.Errorf("a closed chain got %+v", got[2:])
	}
	if _, err := moved.Append(context.Background(), Head{}, testEvent("00112233445566cc", Opened, 1)); err == nil || !strings.Contains(err.Error(), "no new plan begins before") {
		t.Errorf("a new chain: %v", err)
	}
	if _, err := moved.Append(context.Background(), headOf(events), testEvent(chainA, Checked, 0)); err != nil {
		t.Error(err)
	}
	s.exec(t, address[strings.LastIndex(address, "/t")+1:strings.Index(address, "?")], "update ledger_server set at = at - interval '46 minutes'")
	if _, err := moved.Append(context.Background(), Head{}, testEvent("00112233445566cc", Opened, 1)); err != nil {
		t.Errorf("later: %v", err)
	}
}

func TestPostgresErrorsSayWhatToDo(t *testing.T) {
	s := mustServer(t)
	newer, unsafe := s.newDatabase(t), s.newDatabase(t)
	mustOpen(t, newer).Close()
	nameIn := func(address string) string {
		return address[strings.LastIndex(address, "/t")+1 : strings.Index(address, "?")]
	}
	s.exec(t, nameIn(newer), "update ledger set version = 2")
	s.exec(t, nameIn(unsafe), "create role stranger login; revoke create on schema public from public")
	for name, c := range map[string]struct{ address, want string }{
		"newer":            {newer, "use that migplan"},
		"no database":      {s.address("nothing"), "create the database"},
		"no rights":        {strings.Replace(unsafe, "migplan@", "stranger@", 1), "GRANT CREATE"},
		"no server":        {"postgres://migplan@/x?host=/nowhere", "check that PostgreSQL runs"},
		"not PostgreSQL":   {"mysql://h/d", "postgres://USER@HOST"},
		"unknown ssl mode": {"postgres://h/d?sslmode=maybe", "sslmode"},
	} {
		if _, err := Open(c.address); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := OpenReader(newer); !errors.Is(err, errNewer) {
		t.Errorf("reader of a newer ledger: %v", err)
	}
	if _, err := OpenReader(unsafe); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reader without a ledger: %v", err)
	}
}

// No error repeats a password, whatever is wrong with the address.
func TestPasswordIsInNoError(t *testing.T) {
	s := mustServer(t)
	address := s.newDatabase(t)
	s.exec(t, "postgres", "create role secret login password 'right'")
	const canary = "p%3Ass-canary/4711"
	for name, place := range map[string]string{
		"wrong password":    strings.Replace(address, "migplan@", "secret:"+canary+"@", 1),
		"in the query":      address + "&password=" + canary,
		"no server":         "postgres://u:" + canary + "@/d?host=/nowhere",
		"port is no number": "postgres://u:" + canary + "@h:port/d",
		"bad escape":        "postgres://u:" + canary + "%@h/d",
		"no ssl mode":       "postgres://u:" + canary + "@h/d?sslmode=maybe",
		"another scheme":    "mysql://u:" + canary + "@h/d",
		"no such host":      "postgres://u:" + canary + "@invalid.invalid/d",
		"ssl password":      "postgres://u@h/d?sslkey=/x&sslcert=/y&sslpassword=" + canary,
	} {
		for _, open := range []func(string) (*Ledger, error){Open, OpenReader} {
			l, err := open(place)
			text := Name(place) + fmt.Sprint(err, CheckAddress(place))
			if l != nil {
				text += l.Path()
				l.Close()
			}
			if strings.Contains(text, "canary") {
				t.Errorf("%s: %s", name, text)
			}
			if err == nil && name != "in the query" { // a trusted user needs none
				t.Errorf("%s: no error", name)
			}
		}
		if !HasPassword(place) {
			t.Errorf("%s: no password seen", name)
		}
	}
	for _, place := range []string{"postgres://u@h/d", "/var/lib/migplan", "postgres://h/d?sslmode=require"} {
		if HasPassword(place) {
			t.Errorf("%s has no password", place)
		}
	}
	if _, err := Open(strings.Replace(address, "migplan@", "secret:right@", 1)); err == nil {
		t.Error("the role has no rights, and could create tables")
	}
}
