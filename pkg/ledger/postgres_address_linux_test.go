package ledger

import (
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/postgrestest"
)

// With sslmode=verify-full the server must have a certificate of the CA that is
// named, for the host that is named.
func TestServerIsVerified(t *testing.T) {
	s := shared.Start(t)
	name := nameIn(s.NewDatabase(t))
	other := filepath.Join(t.TempDir(), "other.crt")
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	write(t, other, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})))
	ca := "&sslrootcert=" + filepath.Join(s.Dir, "ca.crt")
	open := func(host, options string) error {
		l, err := Open("postgres://migplan@" + host + "/" + name + "?" + options)
		if err == nil {
			l.Close()
		}
		return err
	}
	if err := open(s.Host, "sslmode=verify-full"+ca); err != nil {
		t.Errorf("with its CA: %v", err)
	}
	for what, err := range map[string]error{
		"another CA":             open(s.Host, "sslmode=verify-full&sslrootcert="+other),
		"no CA but the system's": open(s.Host, "sslmode=verify-full"),
	} {
		if err == nil || errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "sslrootcert=FILE") || !strings.Contains(err.Error(), s.Host) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A machine in between could keep a connection from being encrypted if the address
// leaves that open.
func TestAddressSaysWhetherItIsEncrypted(t *testing.T) {
	for place, ok := range map[string]bool{
		"postgres://u@db.example.com/d":                        false,
		"postgres://u@db.example.com/d?sslmode=prefer":         false,
		"postgres://u@db.example.com/d?sslmode=allow":          false,
		"postgres://u@127.0.0.1,10.0.0.1/d":                    false,
		"postgres://u@db.example.com/d?sslmode=disable":        true,
		"postgres://u@db.example.com/d?sslmode=require":        true,
		"postgres://u@db.example.com/d?sslmode=verify-full":    true,
		"postgres://u@10.0.0.1,10.0.0.2/d?sslmode=verify-full": true,
		"postgres://u@localhost/d":                             true,
		"postgres://u@127.0.0.1/d":                             true,
		"postgres://u@[::1]/d":                                 true,
		"postgres://u@/d?host=/var/run/postgresql":             true,
	} {
		if err := CheckAddress(place); (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "sslmode=verify-full") {
			t.Errorf("%s: %v", place, err)
		}
	}
	t.Setenv("PGSSLMODE", "verify-full")
	if err := CheckAddress("postgres://u@db.example.com/d"); err != nil {
		t.Errorf("with PGSSLMODE: %v", err)
	}
}

// A pooler that ignores search_path would show another ledger, or make one.
func TestSchemaOfTheAddressIsNotIgnored(t *testing.T) {
	s := shared.Start(t)
	address := s.NewDatabase(t)
	s.Exec(t, nameIn(address), "create schema theirs")
	p := postgrestest.NewProxy(t, s, func(string) (bool, bool) { return false, false })
	p.Edit = func(b []byte) []byte {
		return []byte(strings.Replace(string(b), "search_path\x00theirs\x00", "search_path\x00public\x00", 1))
	}
	mustOpen(t, address+"&search_path=theirs").Close()
	for _, open := range []func(string) (*Ledger, error){Open, OpenReader} {
		if _, err := open(p.Through(address) + "&search_path=theirs"); !errors.Is(err, errSchema) {
			t.Errorf("%v", err)
		}
	}
	if _, err := OpenReader(address); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a ledger in another schema: %v", err)
	}
}
