package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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
