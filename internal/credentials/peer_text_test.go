package credentials

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

// The names in a certificate are also text from the peer.
func TestNoOutputContainsSecretFromCertificate(t *testing.T) {
	capture := captureStandardStreams(t)
	for want, change := range map[string]func(*x509.Certificate){
		"is not for 127.0.0.1":              func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{canary + ".example.com"}, nil },
		"is signed by an unknown authority": func(c *x509.Certificate) { c.Issuer.CommonName = "stranger" },
		"has expired or is not yet valid":   func(c *x509.Certificate) { c.NotAfter = c.NotBefore },
	} {
		service, roots := named(t, change)
		_, err := tryResolve(t, Options{Env: environ(map[string]string{
			"HW_USER_NAME": "ann", "HW_USER_PASSWORD": canary, "HW_DOMAIN_NAME": "corp", "HW_AUTH_URL": service.URL,
		}), Roots: roots})
		if e := wantKind(t, err, Unavailable); !strings.Contains(e.Problem, want) {
			t.Errorf("got %q, want %q in it", e.Problem, want)
		}
		silent(t, want, err)
	}
	if text := capture(); text != "" {
		t.Errorf("something was printed: %q", text)
	}
}

// named serves TLS with a certificate that contains the canary as a name. It is
// trusted unless its issuer is unknown.
func named(t *testing.T, change func(*x509.Certificate)) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: canary}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if template.Issuer.CommonName == "" {
		roots.AddCert(cert)
	}
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, roots
}

// A proxy receives its own password.
func TestNoOutputContainsSecretEchoedByProxy(t *testing.T) {
	for form, want := range map[string]string{
		"HTTP/1.1 407 %\r\nContent-Length: 0\r\n\r\n": "the proxy: answered with status 407",
		"%\r\n\r\n": "ended the connection without a usable answer",
	} {
		proxy := echo(t, 0, form, nil)
		u, _ := url.Parse(proxy.URL)
		u.User = url.UserPassword("u", canary)
		_, err := tryResolve(t, Options{Env: environ(map[string]string{
			"HW_USER_NAME": "ann", "HW_USER_PASSWORD": canary, "HW_DOMAIN_NAME": "corp", "HW_AUTH_URL": "https://iam.invalid",
		}), Proxy: http.ProxyURL(u)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
		silent(t, form, err)
	}
}

func TestUnreachableSourceIsNamed(t *testing.T) {
	gone := serve(t, nil)
	gone.Close()
	address := gone.Listener.Addr().String()
	proxy, _ := url.Parse("http://u:" + canary + "@" + address)
	for _, c := range []struct {
		url   string
		proxy *url.URL
		want  string
	}{
		{"https://" + address, nil, "IAM: cannot be reached at " + address + ": connection refused"},
		{"https://iam.invalid", nil, "IAM: cannot be reached at iam.invalid: no such host"},
		{"https://iam.invalid", proxy, "IAM: cannot be reached through the proxy at " + address + ": connection refused"},
	} {
		o := Options{Env: environ(map[string]string{"HW_AUTH_URL": c.url}), ProjectID: "p1"}
		if c.proxy != nil {
			o.Proxy = http.ProxyURL(c.proxy)
		}
		s, err := newTokenSource(o, user{name: "ann", domain: "corp", password: newSecret(canary)})
		if err != nil {
			t.Fatal(err)
		}
		s.client.RetryWaitMin = time.Millisecond
		_, err = s.load(t.Context())
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
		silent(t, c.url, err)
	}
}

func checkCredentials(t *testing.T, what string, c *Credentials, err error) {
	t.Helper()
	silent(t, what+": the error", err)
	if c == nil {
		return
	}
	silent(t, what+": the credentials", c)
	silent(t, what+": their value", reflect.ValueOf(c).Elem().Interface())
	silent(t, what+": one state", c.get())
	_, err = c.Renew(t.Context())
	silent(t, what+": the renewal", err)
	req, _ := http.NewRequest("GET", "http://example.com/", nil)
	silent(t, what+": a refused request", c.Authorize(req, nil))
	req, _ = http.NewRequest("GET", "https://example.com/?a;b", nil)
	silent(t, what+": an unsignable request", c.Authorize(req, nil))
}
