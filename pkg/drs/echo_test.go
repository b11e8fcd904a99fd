package drs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// The credentials that the tests send.
const (
	sentToken     = "canaryTokenAbCd+/=0123456789"
	sentSecurity  = "canarySecurityAbCd+/=0123456789"
	sentSignature = "c0ffee0123456789c0ffee0123456789"
	sentProxyUser = "canaryproxyuser"
	sentProxyPass = "canaryproxypassword"
)

func proofBearer() *fakeAuthorizer {
	return &fakeAuthorizer{headers: map[string]string{
		"X-Auth-Token": sentToken, "X-Security-Token": sentSecurity,
		"Authorization": "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=" + sentSignature,
	}}
}

// checkNoLeak fails the test if a text contains part of a credential.
func checkNoLeak(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range []string{sentToken, sentSecurity, sentSignature, sentProxyUser, sentProxyPass, "canary", "Access=AK"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s leaks a credential: %.300s", what, text)
			return
		}
	}
}

// echoPlaces are the parts of an answer in which a server can echo what it received.
// It is long because it contains a table.
func echoPlaces() map[string]func(secret string) string {
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	line := func(format string) func(string) string {
		return func(secret string) string { return fmt.Sprintf(strings.ReplaceAll(format, "%", "%[1]s"), secret) }
	}
	return map[string]func(string) string{
		"status line":           line("%\r\n\r\n"),
		"version":               line("HTTP/% 200 OK\r\n\r\n"),
		"status code":           line("HTTP/1.1 % OK\r\n\r\n"),
		"reason":                line("HTTP/1.1 500 %\r\nContent-Length: 0\r\n\r\n"),
		"reason of a redirect":  line("HTTP/1.1 307 %\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
		"header without colon":  line("HTTP/1.1 200 OK\r\n%\r\n\r\n"),
		"header name":           line("HTTP/1.1 200 OK\r\n%: x\r\nContent-Length: 2\r\n\r\n{}"),
		"header value":          line("HTTP/1.1 200 OK\r\nX: %\r\nContent-Length: 1\r\n\r\n{"),
		"header with a control": line("HTTP/1.1 200 OK\r\nX: %\x00\r\n\r\n"),
		"content length":        line("HTTP/1.1 200 OK\r\nContent-Length: %\r\n\r\n"),
		"two content lengths":   line("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: %\r\n\r\n"),
		"transfer encoding":     line("HTTP/1.1 200 OK\r\nTransfer-Encoding: %\r\n\r\n"),
		"announced trailer":     line("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length, %\r\n\r\n0\r\n\r\n"),
		"location":              line("HTTP/1.1 307 No\r\nLocation: http://%\x7f/%zz\r\nContent-Length: 0\r\n\r\n"),
		"location of a port":    line("HTTP/1.1 301 No\r\nLocation: http://h:%/\r\nContent-Length: 0\r\n\r\n"),
		"retry after":           line("HTTP/1.1 503 No\r\nRetry-After: %\r\nContent-Length: 0\r\n\r\n"),
		"date":                  line("HTTP/1.1 200 No\r\nDate: %\r\nContent-Length: 0\r\n\r\n"),
		"request id":            line("HTTP/1.1 400 No\r\nX-Request-Id: %\r\nContent-Length: 0\r\n\r\n"),
		"request id of a 101":   line("HTTP/1.1 101 No\r\nConnection: upgrade\r\nUpgrade: %\r\nX-Request-Id: %\r\n\r\n"),
		"request id, cut short": line("HTTP/1.1 400 No\r\nX-Request-Id: %\r\nContent-Length: 99\r\n\r\n"),
		"chunk length":          line(chunked + "%\r\n{}\r\n0\r\n\r\n"),
		"chunk extension":       line(chunked + "2;%\r\n{}\r\n0\r\n\r\n"),
		"behind a chunk":        line(chunked + "2\r\n{}%\r\n0\r\n\r\n"),
		"trailer":               line(chunked + "2\r\n{}\r\n0\r\nX: %\r\n\r\n"),
		"trailer without colon": line(chunked + "2\r\n{}\r\n0\r\n%\r\n\r\n"),
		"behind the answer":     line("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}%"),
		"an early answer":       line("HTTP/1.1 103 %\r\nLink: %\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %\r\n\r\n"),
		"not HTTP":              line("220 % ready\r\n"),
		"body, no JSON":         body(500, "<html>%</html>"),
		"message":               body(400, `{"error_code":"DRS.M00200","error_msg":"bad %"}`),
		"code":                  body(400, `{"error_code":"%"}`),
		"code of a 200":         body(200, `{"error_code":"%"}`),
		"request id in a body":  body(400, `{"error_code":"x","request_id":"%"}`),
		"a key twice":           body(200, `{"%":1,"%":2}`),
		"wrong type":            body(200, `{"id":["%"]}`),
		"another job":           body(200, `{"id":"%"}`),
		"escaped":               escaped(400, `{"error_code":"x","error_msg":"bad %"}`),
		"escaped key twice":     escaped(200, `{"%":1,"%":2}`),
		"escaped job":           escaped(200, `{"id":"%"}`),
	}
}

func body(status int, text string) func(string) string {
	return func(secret string) string { return answer(status, strings.ReplaceAll(text, "%", secret)) }
}

// escaped writes every second byte of the secret as a JSON escape.
func escaped(status int, text string) func(string) string {
	return func(secret string) string {
		var b strings.Builder
		for i := range len(secret) {
			switch {
			case secret[i] == '/':
				b.WriteString(`\/`)
			case i%2 == 0:
				fmt.Fprintf(&b, `\u%04X`, secret[i])
			default:
				b.WriteByte(secret[i])
			}
		}
		return answer(status, strings.ReplaceAll(text, "%", b.String()))
	}
}

// credentialsIn gives the credentials in a request.
func credentialsIn(r *http.Request) []string {
	return []string{r.Header.Get("X-Auth-Token"), r.Header.Get("X-Security-Token"), r.Header.Get("Authorization"), sentSignature}
}

// errorTexts gives all errors and observations of one create and two reads.
func errorTexts(cl *Client) []string {
	out := create(cl)
	texts := []string{fmt.Sprint(out.Err), fmt.Sprintf("%+v", out), out.JobID}
	j, err := cl.ShowReplicationJob(context.Background(), "j")
	texts = append(texts, fmt.Sprint(err), fmt.Sprintf("%+v %+v %#v", j, err, err))
	l, err := cl.ListReplicationJobs(context.Background(), "i")
	texts = append(texts, fmt.Sprint(err), fmt.Sprintf("%+v %+v", l, err))
	for ; err != nil; err = unwrapped(err) {
		texts = append(texts, err.Error())
	}
	return texts
}

func unwrapped(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

func TestErrorsContainNothingEchoedByServer(t *testing.T) {
	for name, spell := range echoPlaces() {
		for i := range credentialsIn(&http.Request{}) {
			t.Run(fmt.Sprint(name, " ", i), func(t *testing.T) {
				t.Parallel()
				s := &recorder{}
				address := listen(t, s.answering(func(conn net.Conn, x exchange) bool {
					io.WriteString(conn, spell(credentialsIn(x.request)[i]))
					return false
				}))
				var mu sync.Mutex
				var observed []string
				cl := client(t, "http://"+address, longTimeouts(), func(c *Config) {
					c.Authorizer = proofBearer()
					c.Observe = func(e Exchange) {
						mu.Lock()
						defer mu.Unlock()
						observed = append(observed, fmt.Sprintf("%+v", e))
					}
				})
				for _, text := range append(errorTexts(cl), observed...) {
					checkNoLeak(t, name, text)
				}
			})
		}
	}
}

// The names in a certificate are also text from the peer.
func TestErrorsContainNothingFromCertificate(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		issuer authority
		change func(*x509.Certificate)
		want   string
	}{
		"other name": {ca, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"canary.example.com"}, nil }, "the certificate is not for localhost"},
		"no name":    {ca, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses, c.Subject.CommonName = nil, nil, "canary" }, "the certificate is not for localhost"},
		"stranger":   {stranger, func(c *x509.Certificate) { c.Subject.CommonName = "canary" }, "the certificate is signed by an unknown authority"},
		"expired":    {ca, func(c *x509.Certificate) { c.NotAfter, c.Subject.CommonName = c.NotBefore, "canary" }, "the certificate has expired or is not yet valid"},
		"wrong use": {ca, func(c *x509.Certificate) {
			c.ExtKeyUsage, c.Subject.CommonName = nil, "canary"
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}, "the certificate is not valid"},
		"a cut name": {ca, func(c *x509.Certificate) {
			c.DNSNames = []string{"localhost"}
			c.URIs = []*url.URL{{Scheme: "canary", Opaque: "canary"}}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			secure := &tls.Config{Certificates: []tls.Certificate{c.issuer.issue(t, c.change)}}
			_, port, _ := net.SplitHostPort(listen(t, overTLS(secure, (&recorder{}).alwaysAnswer(answer(200, "{}")))))
			cl := client(t, "https://localhost:"+port, longTimeouts(), func(config *Config) { config.RootCAs = ca.pool })
			for _, text := range errorTexts(cl) {
				checkNoLeak(t, name, text)
			}
			if _, err := cl.ShowReplicationJob(context.Background(), "j"); !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

// A proxy receives its own password and sees only the host name.
func TestErrorsContainNothingEchoedByProxy(t *testing.T) {
	for name, c := range map[string]struct{ spell, want string }{
		"status":   {"HTTP/1.1 407 %\r\nContent-Length: 0\r\n\r\n", "the proxy refused the connection with HTTP 407"},
		"no code":  {"HTTP/1.1 502\r\nX: %\r\n\r\n", "the proxy refused the connection with HTTP 502"},
		"garbage":  {"%\r\n\r\n", "the answer is not valid HTTP"},
		"location": {"HTTP/1.1 302 No\r\nLocation: http://h:%/\r\n\r\n", "the proxy refused the connection with HTTP 302"},
		"closed":   {"", "the connection was closed"},
		"no TLS":   {"HTTP/1.1 200 OK\r\n\r\n%", "connection"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &recorder{}
			address := listen(t, s.answering(func(conn net.Conn, x exchange) bool {
				conn.Write([]byte(strings.ReplaceAll(c.spell, "%", x.request.Header.Get("Proxy-Authorization")+sentProxyUser+sentProxyPass)))
				return false
			}))
			proxy := &url.URL{Scheme: "http", Host: address, User: url.UserPassword(sentProxyUser, sentProxyPass)}
			cl := client(t, "https://drs.invalid", longTimeouts(), func(c *Config) { c.Proxy = http.ProxyURL(proxy) })
			for _, text := range errorTexts(cl) {
				checkNoLeak(t, name, text)
			}
			if out := create(cl); out.Kind != Unsent || !strings.Contains(fmt.Sprint(out.Err), c.want) {
				t.Errorf("got %+v, want %q in it", out, c.want)
			}
		})
	}
}

// An error still has what a person needs: the address, and how it failed.
func TestFailureNamesAddressAndCause(t *testing.T) {
	closed := closedPort(t)
	plain := listen(t, func(conn net.Conn) { io.WriteString(conn, answer(400, "{}")); io.Copy(io.Discard, conn) })
	for address, want := range map[string]string{
		"http://" + closed:        "cannot connect to " + closed + ": connection refused",
		"https://" + closed:       "cannot connect to " + closed + ": connection refused",
		"https://drs.invalid:443": "drs.invalid: no such host",
		"https://" + plain:        "the server does not speak TLS",
	} {
		out := create(client(t, address, longTimeouts(), nil))
		if out.Kind != Unsent && strings.HasPrefix(address, "https") || !strings.Contains(fmt.Sprint(out.Err), want) {
			t.Errorf("%s: got %+v, want %q in it", address, out, want)
		}
	}
	old := &tls.Config{Certificates: []tls.Certificate{newAuthority(t).issue(t, nil)}, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	out := create(client(t, "https://"+listen(t, overTLS(old, func(net.Conn) {})), longTimeouts(), nil))
	if !strings.Contains(fmt.Sprint(out.Err), "protocol version") {
		t.Errorf("TLS 1.1: %v", out.Err)
	}
}
