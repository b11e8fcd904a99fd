package postgrestest

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

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of Exec
)

// need makes it an error where PostgreSQL is not installed: .ci/run sets it.
const need = "MIGPLAN_NEED_POSTGRES"

// Server is a private PostgreSQL server on a socket in its folder, and on port
// 5432 of an address of loopback, there with or without TLS. Its user is migplan;
// ca.crt in its folder is its CA.
type Server struct {
	Dir  string
	Host string
	cmd  *exec.Cmd
	next atomic.Int64
}

// Shared is a server for all tests of a package that do not stop it.
type Shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Start is the running server, or the test is skipped where PostgreSQL is not
// installed.
func (s *Shared) Start(t testing.TB) *Server {
	t.Helper()
	s.once.Do(func() { s.server, s.err = New() })
	return s.server.orSkip(t, s.err)
}

// Remove stops the server, if it was started.
func (s *Shared) Remove() {
	if s.server != nil {
		s.server.Remove()
	}
}

// Start is a new server for one test, which may stop it.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := New()
	s = s.orSkip(t, err)
	t.Cleanup(s.Remove)
	return s
}

func (s *Server) orSkip(t testing.TB, err error) *Server {
	t.Helper()
	if errors.Is(err, exec.ErrNotFound) && os.Getenv(need) == "" {
		t.Skip("PostgreSQL is not installed: apt-get install postgresql")
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
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

// New makes a cluster and starts it, as nobody where the tests run as root:
// PostgreSQL refuses root.
func New() (*Server, error) {
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
	s := &Server{Dir: dir}
	if err := errors.Join(s.Own(dir), s.encrypt()); err != nil {
		return nil, err
	}
	out, err := s.command(initdb, "-D", s.Data(), "-A", "trust", "-U", "migplan", "--no-sync", "-E", "UTF8", "--locale=C").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	hba := "local all secret scram-sha-256\nlocal all all trust\nhost all all 127.0.0.0/8 trust\n"
	if err := os.WriteFile(filepath.Join(s.Data(), "pg_hba.conf"), []byte(hba), 0o600); err != nil {
		return nil, err
	}
	return s, s.Start()
}

const nobody = 65534

// Data is the folder of the cluster.
func (s *Server) Data() string { return filepath.Join(s.Dir, "data") }

// Own gives a file to the user of the server.
func (s *Server) Own(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(path, nobody, nobody)
}

func (s *Server) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = s.Dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return cmd
}

// Start starts the server from a thread of its own, with which it would be
// killed if the tests were. Settings are added to its own, as NAME=VALUE.
func (s *Server) Start(settings ...string) error {
	postgres, err := program("postgres")
	if err != nil {
		return err
	}
	args := []string{"-D", s.Data(), "-k", s.Dir}
	base := []string{"listen_addresses=" + s.Host, "ssl=on", "ssl_cert_file=" + s.Dir + "/server.crt", "ssl_key_file=" + s.Dir + "/server.key", "max_connections=100", "shared_buffers=16MB"}
	for _, setting := range append(base, settings...) {
		args = append(args, "-c", setting)
	}
	s.cmd = s.command(postgres, args...)
	s.cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
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

func (s *Server) wait() error {
	var err error
	for range 1200 {
		if err = s.ping(); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
	return fmt.Errorf("PostgreSQL does not start: %w\n%s", err, log)
}

func (s *Server) ping() error {
	db, err := sql.Open("pgx", s.Address("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Ping()
}

// Stop waits until the server has ended.
func (s *Server) Stop(signal syscall.Signal) {
	_ = s.cmd.Process.Signal(signal)
	for range 3000 {
		if s.ping() != nil && s.cmd.Process.Signal(syscall.Signal(0)) != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Remove stops the server at once, and removes its folder.
func (s *Server) Remove() {
	s.Stop(syscall.SIGQUIT)
	os.RemoveAll(s.Dir)
}

// Address is that of a database of the server.
func (s *Server) Address(database string) string {
	return "postgres://migplan@/" + database + "?host=" + s.Dir
}

// Exec executes a statement in a database.
func (s *Server) Exec(t testing.TB, database, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", s.Address(database))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// NewDatabase is the address of an empty database.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprint("t", s.next.Add(1))
	s.Exec(t, "postgres", "create database "+name)
	return s.Address(name)
}
