package ledger

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// explain never repeats the password, whatever the error holds.
func (p *postgres) explain(path, doing string, err error) error {
	var pe *pgconn.PgError
	remedy := "check that PostgreSQL runs there and can be reached, then run again"
	switch {
	case errors.Is(err, errNewer), errors.Is(err, ErrBroken), errors.Is(err, ErrLostRace), errors.Is(err, errSchema), errors.As(err, new(*explained)):
		return err
	case errors.Is(err, errNoTables):
		return fmt.Errorf("the ledger %s: %w: %w", path, err, fs.ErrNotExist)
	case errors.As(err, &pe):
		remedy = cmp.Or(poolerRemedy(pe), postgresRemedy(pe.Code))
		if pe.Code == "55P03" || strings.HasPrefix(pe.Code, "40") {
			err = busyError{err}
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		remedy = "the server does not answer: " + remedy
	}
	if pe == nil && tlsRemedy(err) != "" {
		remedy = tlsRemedy(err)
	}
	text := p.withoutPassword(fmt.Sprintf("%s the ledger %s: %v: %s", doing, path, err, remedy))
	return &explained{text, p.classified(err, pe)}
}

// classified adds to an error that may pass by itself what says so. It takes
// away what a socket that does not exist says: the ledger may exist.
func (p *postgres) classified(err error, pe *pgconn.PgError) error {
	switch {
	case errors.Is(err, context.Canceled), pe == nil && tlsRemedy(err) != "":
		return err
	case errors.Is(err, context.DeadlineExceeded), pe != nil && mayPass(pe):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case pe == nil:
		return ErrUnavailable
	}
	return err
}

// mayPass reports whether the same statement may succeed later: the server stops
// or starts, a pooler has lost it, or all of its connections are in use.
func mayPass(e *pgconn.PgError) bool {
	return strings.HasPrefix(e.Code, "57") || strings.HasPrefix(e.Code, "08") && poolerRemedy(e) == "" || e.Code == "53300"
}

// poolerRemedy is what to do if PgBouncer does not allow something at all, ""
// for other errors. It has one SQLSTATE for all that it says.
func poolerRemedy(e *pgconn.PgError) string {
	switch {
	case e.Code != "08P01":
	case strings.Contains(e.Message, "unsupported startup parameter"):
		return "a pooler refuses an option of the address: set search_path in the server instead, for the user (ALTER ROLE ... SET search_path) or the database"
	case strings.Contains(e.Message, "statement pooling mode"):
		return "set pool_mode of the pooler to transaction"
	}
	return ""
}

// tlsRemedy is what to do about an error of TLS, "" for other errors.
func tlsRemedy(err error) string {
	switch {
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return "give the server a certificate for the name in the address, and name the CA that signed it: sslrootcert=FILE in the address, or PGSSLROOTCERT"
	case err != nil && strings.Contains(err.Error(), "server refused TLS connection"):
		return "switch TLS on in the server (ssl = on); sslmode=disable goes without, for a network that you trust"
	}
	return ""
}

// errNoTables says that a database has no ledger yet.
var errNoTables = errors.New("the database has no ledger")

// explained is an error whose text is complete.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

func (p *postgres) withoutPassword(text string) string {
	if p.password == "" {
		return text
	}
	return strings.NewReplacer(p.password, "[hidden]", url.QueryEscape(p.password), "[hidden]", url.PathEscape(p.password), "[hidden]").Replace(text)
}

// postgresRemedy is what to do about an SQLSTATE:
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
func postgresRemedy(code string) string {
	switch code[:min(2, len(code))] {
	case "28":
		return "check the user, its password (PGPASSFILE) and pg_hba.conf"
	case "3D", "3F":
		return "create the database and the schema, or correct the address"
	case "53":
		return "the server lacks space, memory or connections: make some free and run again"
	case "08":
		return "the pooler has no connection to the server: run again"
	case "40":
		return "another transaction was in the way: run again"
	case "57":
		return "the server stops, starts or has cancelled the statement: run again"
	}
	switch code {
	case "42501":
		return "the user needs its own schema, or CREATE in this one: GRANT CREATE, USAGE ON SCHEMA ... TO ..."
	case "25006", "0A000": // the latter is the answer to BEGIN READ WRITE
		return "this is a standby: name the primary, or several hosts and target_session_attrs=read-write"
	case "55P03":
		return "another process is writing: run again"
	case "42P01", "42703":
		return "the tables are not those of a ledger: name another database or schema"
	}
	return "check the server's log and run again"
}
