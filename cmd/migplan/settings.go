package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/credentials"
	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// settings are the flags that say where the ledger and DRS are.
type settings struct {
	ledger      string
	endpoint    string
	obsEndpoint string
	caFile      string
	lockWait    time.Duration
}

// given are the flags that commands to be pasted repeat.
func (s *settings) given() view.Flags {
	return view.Flags{Ledger: s.ledger, Endpoint: s.endpoint, OBSEndpoint: s.obsEndpoint, CAFile: s.caFile}
}

func (s *settings) ledgerFlag(c *cobra.Command) {
	c.Flags().StringVar(&s.ledger, "ledger", "", "folder of the ledger, or postgres://USER@HOST/DATABASE (default $MIGPLAN_LEDGER, otherwise a state folder)")
}

func (s *settings) remoteFlags(c *cobra.Command) {
	c.Flags().StringVar(&s.endpoint, "endpoint", "", "DRS endpoint (default $MIGPLAN_ENDPOINT, otherwise from the region)")
	s.caFlag(c)
}

// bucketFlags are those of a command that reads only OBS.
func (s *settings) bucketFlags(c *cobra.Command) {
	s.obsFlag(c)
	s.caFlag(c)
}

func (s *settings) obsFlag(c *cobra.Command) {
	c.Flags().StringVar(&s.obsEndpoint, "obs-endpoint", "", "OBS endpoint, without the bucket (default $MIGPLAN_OBS_ENDPOINT, otherwise from the region)")
}

func (s *settings) caFlag(c *cobra.Command) {
	c.Flags().StringVar(&s.caFile, "ca-file", "", "PEM file with certificates to trust in addition to the system's")
}

func (s *settings) writeFlags(c *cobra.Command) {
	s.ledgerFlags(c)
	s.remoteFlags(c)
}

// ledgerFlags are those of a command that writes into the ledger.
func (s *settings) ledgerFlags(c *cobra.Command) {
	s.ledgerFlag(c)
	c.Flags().DurationVar(&s.lockWait, "lock-wait", 0, "how long to wait for another run on the same target, before it ends with 75")
}

// ledgerFolder is where the ledger is, and whether it is migplan's own choice.
func (a *app) ledgerFolder(s *settings) (dir string, byDefault bool, err error) {
	dir = s.ledger
	if dir == "" {
		dir = a.get("MIGPLAN_LEDGER")
	}
	switch {
	case ledger.IsAddress(s.ledger) && ledger.HasPassword(s.ledger):
		return "", false, usage{"--ledger contains a password, which every user of this machine can read",
			"give it in MIGPLAN_LEDGER, or in a file that PGPASSFILE names"}
	case ledger.IsAddress(dir):
		if err := ledger.CheckAddress(dir); err != nil {
			return "", false, usage{err.Error(), "give --ledger or MIGPLAN_LEDGER a folder on a local disk, or postgres://USER@HOST/DATABASE"}
		}
		return dir, false, nil
	case dir != "":
		return dir, false, nil
	case a.get("STATE_DIRECTORY") != "":
		return strings.Split(a.get("STATE_DIRECTORY"), ":")[0], true, nil
	case a.get("XDG_STATE_HOME") != "":
		return filepath.Join(a.get("XDG_STATE_HOME"), "migplan"), true, nil
	case a.get("HOME") != "":
		return filepath.Join(a.get("HOME"), ".local", "state", "migplan"), true, nil
	}
	return "", false, usage{"there is no place for the ledger", "set MIGPLAN_LEDGER or give --ledger"}
}

func (a *app) get(name string) string {
	v, _ := a.env(name)
	return v
}

// openLedger opens the ledger for writing.
func (a *app) openLedger(ctx context.Context, s *settings) (*ledger.Ledger, error) {
	if s.lockWait < 0 {
		return nil, usage{"--lock-wait is negative", "give a duration like 60s"}
	}
	dir, byDefault, err := a.ledgerFolder(s)
	if err != nil {
		return nil, err
	}
	if byDefault {
		if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
			return nil, fmt.Errorf("making the folder of the ledger: %w; set MIGPLAN_LEDGER to another", err)
		}
	}
	a.ledgerFile = ledgerFile(dir)
	existed := ledger.IsAddress(dir) || exists(a.ledgerFile)
	l, err := ledger.OpenContext(ctx, dir)
	if err != nil {
		return nil, err
	}
	a.announce(l, existed)
	if kind := l.Volatile(); kind != "" {
		a.log.Warn().Str("ledger", view.Clean(l.Path())).Str("file_system", kind).
			Msg("the ledger is on a file system in memory: a restart of the machine loses it; give --ledger or MIGPLAN_LEDGER a folder on a disk")
	}
	return l, nil
}

// readLedger opens the ledger for reading; nil where there is none yet.
func (a *app) readLedger(s *settings) (*ledger.Ledger, string, error) {
	dir, _, err := a.ledgerFolder(s)
	if err != nil {
		return nil, "", err
	}
	a.ledgerFile = ledgerFile(dir)
	l, err := ledger.OpenReader(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ledger.Name(dir), nil
	}
	return l, ledger.Name(dir), err
}

// refusesPass is why apply could not open a ledger that can be read, or that is
// not there yet: it was copied to another place, say.
func (a *app) refusesPass(l *ledger.Ledger, s *settings) error {
	if l != nil && l.Moved() != nil {
		return l.Moved()
	}
	dir, byDefault, err := a.ledgerFolder(s)
	if err != nil || byDefault && l == nil { // apply makes the folders of the default
		return err
	}
	return ledger.CheckFolder(dir)
}

// ledgerFile is the file in a ledger's folder, or its address, for messages.
func ledgerFile(place string) string {
	if ledger.IsAddress(place) {
		return ledger.Name(place)
	}
	return filepath.Join(place, "ledger.db")
}

// remote is DRS as one plan reaches it, and who asks.
type remote struct {
	client      *drs.Client
	credentials *credentials.Credentials
	endpoint    *url.URL
}

// connect finds endpoint and credentials, once for all plans of a project. It opens
// no connection to DRS.
func (a *app) connect(ctx context.Context, s *settings, t plan.Target) (*remote, error) {
	endpoint, err := credentials.Endpoint(t.Region, s.endpoint, a.env)
	if err != nil {
		return nil, settingError(err)
	}
	return a.connections.remote(ctx, place{endpoint.String(), t.Region, t.ProjectID}, func() (*remote, error) {
		return a.login(ctx, s, t, endpoint)
	})
}

func (a *app) login(ctx context.Context, s *settings, t plan.Target, endpoint *url.URL) (*remote, error) {
	options, err := a.signIn(s, t.Region, t.ProjectID)
	if err != nil {
		return nil, err
	}
	creds, err := credentials.Resolve(ctx, options)
	if err != nil {
		return nil, settingError(err)
	}
	client, err := a.connections.client(drs.Config{
		Endpoint: endpoint, ProjectID: t.ProjectID, Authorizer: creds, UserAgent: "migplan/" + version(),
		RootCAs: options.Roots, Proxy: options.Proxy, Pace: a.pace, Observe: a.observe,
	})
	return &remote{client: client, credentials: creds, endpoint: endpoint}, err
}

// signIn is how to get credentials for a project, and how to reach a server.
func (a *app) signIn(s *settings, region, projectID string) (credentials.Options, error) {
	roots, err := caPool(s.caFile)
	if err != nil {
		return credentials.Options{}, err
	}
	proxy, err := a.proxy()
	return credentials.Options{Env: a.env, Region: region, ProjectID: projectID, Roots: roots, Proxy: proxy, SignIns: a.signIns}, err
}

func (r *remote) identity() executor.Identity {
	return executor.Identity{
		Endpoint:  strings.TrimSuffix(r.endpoint.String(), "/"),
		Principal: r.credentials.Principal, TokenAuth: r.credentials.TokenAuth,
	}
}

// caPool adds the certificates of a file to the system's.
func caPool(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, usage{"--ca-file: " + err.Error(), "give the path of a PEM file"}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usage{"--ca-file " + file + " holds no certificate", "give the path of a PEM file"}
	}
	return pool, nil
}

// observe logs an exchange without anything secret.
func (a *app) observe(e drs.Exchange) {
	line := a.log.Debug().Str("op", e.Op).Int("status", e.StatusCode).Str("request_id", view.Clean(e.RequestID)).Dur("took", e.Duration)
	if e.Err != nil {
		line = line.Str("error", view.Clean(e.Err.Error()))
	}
	line.Msg("DRS was asked")
}

// who is behind this run, for the ledger.
func (a *app) who() executor.Who {
	w := executor.Who{User: fmt.Sprint(os.Getuid())}
	if u, err := user.Current(); err == nil {
		w.User = u.Username
	}
	w.Host, _ = os.Hostname()
	return w
}

// newRun names this process in the ledger.
func newRun() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
