package ledger

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// IsAddress reports whether a ledger is given by the address of a database, and
// not as a folder.
func IsAddress(place string) bool { return strings.Contains(place, "://") }

// CheckAddress refuses an address of a ledger that Open does not take.
func CheckAddress(place string) error {
	_, err := parseAddress(place)
	return err
}

// HasPassword reports whether an address contains a password.
func HasPassword(place string) bool {
	u, err := url.Parse(place)
	if err != nil {
		return strings.Contains(place, "@") // perhaps
	}
	_, ok := u.User.Password()
	return ok || u.Query().Has("password") || u.Query().Has("sslpassword")
}

// Name is a ledger's place for messages: an address without user and password.
func Name(place string) string {
	if !IsAddress(place) {
		return place
	}
	config, err := parseAddress(place)
	if err != nil {
		return "postgres://"
	}
	return nameOf(config)
}

func nameOf(c *pgx.ConnConfig) string {
	u := url.URL{Scheme: "postgres", Path: "/" + c.Database}
	if strings.HasPrefix(c.Host, "/") {
		u.RawQuery = "host=" + c.Host
	} else {
		u.Host = net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	}
	if s := c.RuntimeParams["search_path"]; s != "" {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&search_path="+url.QueryEscape(s), "&")
	}
	return u.String()
}

// parseAddress reads an address, and what it leaves out from PGPASSFILE and the
// other variables of libpq:
// https://www.postgresql.org/docs/current/libpq-envars.html. No error repeats the
// address, which may contain a password.
func parseAddress(place string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(place)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("the address of the ledger is not one of PostgreSQL: postgres://USER@HOST:PORT/DATABASE")
	}
	config, err := pgx.ParseConfig(place)
	if err != nil {
		return nil, errors.New("the address of the ledger cannot be used: check its host, port, sslmode and other options, and the variables PG... of the environment")
	}
	if encryptionIsOptional(config) {
		return nil, errors.New("the address of the ledger leaves open whether its connection is encrypted: add sslmode=verify-full, or sslmode=disable in a network that you trust")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTime
	}
	// No prepared statements: a pooler may give each transaction another session.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.OnNotice = nil
	config.RuntimeParams["application_name"] = "migplan"
	return config, nil
}

// encryptionIsOptional reports whether somebody on the way to another machine
// could have the connection go on without TLS: sslmode=prefer, which is the
// default, and allow.
func encryptionIsOptional(c *pgx.ConnConfig) bool {
	with, without := false, false
	add := func(host string, config *tls.Config) {
		if ip := net.ParseIP(host); host == "localhost" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || ip != nil && ip.IsLoopback() {
			return
		}
		with, without = with || config != nil, without || config == nil
	}
	add(c.Host, c.TLSConfig)
	for _, f := range c.Fallbacks {
		add(f.Host, f.TLSConfig)
	}
	return with && without
}
