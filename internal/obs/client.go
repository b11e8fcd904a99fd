package obs

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/migplan/migplan/internal/lazy"
)

// Credentials gives the key that signs requests.
type Credentials interface {
	// Key is asked before every try. The token is empty for a permanent key.
	// Without id or secret nothing is sent: a token alone cannot read OBS.
	Key(ctx context.Context) (id, secret, token string, err error)
	// Renew is called once after an answer that refused the key itself. It
	// reports whether there is another one to try.
	Renew(ctx context.Context) (bool, error)
}

// Config is what a Client needs to know. Endpoint and Credentials are required.
type Config struct {
	// Endpoint is scheme, host and port, without the bucket: https, or http to
	// this machine.
	Endpoint    *url.URL
	Credentials Credentials
	// PathStyle puts the bucket into the path instead of the host. Requests are
	// then signed as AWS signature V2, because the SDK has no OBS signature for
	// it. It is for private installations and for addresses: Huawei Cloud's own
	// endpoints are reported to answer GET in path style with 404 NoSuchKey since
	// the end of 2023. An IPv4 endpoint needs it.
	PathStyle bool
	UserAgent string
	RootCAs   *x509.CertPool                        // nil: the system's
	Proxy     func(*http.Request) (*url.URL, error) // nil: none
	Backoff   time.Duration                         // base of the pause before a try is repeated; 0 is 500 ms
}

// Client reads objects. It is safe for concurrent use.
type Client struct {
	config Config
	times  times
	http   *http.Transport
}

// New makes a client. It opens no connection.
func New(config Config) (*Client, error) {
	if config.Endpoint == nil || config.Credentials == nil {
		return nil, errors.New("a client needs an endpoint and credentials")
	}
	if err := checkEndpoint(config.Endpoint, config.PathStyle); err != nil {
		return nil, err
	}
	if config.Backoff <= 0 {
		config.Backoff = 500 * time.Millisecond
	}
	times := usualTimes()
	return &Client{config: config, times: times, http: newTransport(config, times)}, nil
}

// checkEndpoint refuses what the SDK would read as something else: it cuts the
// endpoint at "?" and ":" and keeps a path.
func checkEndpoint(u *url.URL, pathStyle bool) error {
	addr, err := netip.ParseAddr(u.Hostname())
	isAddr := err == nil
	switch {
	case u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "":
		return errors.New("the OBS endpoint is more than scheme, host and port")
	case u.Hostname() == "" || strings.ContainsAny(u.Host, "%?/, "):
		return errors.New("the OBS endpoint has no plain host")
	case isAddr && addr.Is6():
		return errors.New("the OBS endpoint is an IPv6 address, which the OBS SDK does not support")
	case isAddr && !pathStyle:
		return errors.New("the OBS endpoint is an address: that needs path style")
	case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		return errors.New("the OBS endpoint is not https")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

var bucketName = lazy.Regexp(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// maxKey is the longest key or prefix, in bytes.
const maxKey = 1024

// checkNames refuses names that would ask for another object, or another host.
func checkNames(bucket, key string) error {
	switch {
	case !bucketName().MatchString(bucket) || strings.Contains(bucket, ".."):
		return errors.New("not a bucket name")
	case len(key) > maxKey:
		return errors.New("the name is longer than 1024 bytes")
	case !utf8.ValidString(key):
		return errors.New("the name is not UTF-8")
	}
	return nil
}

// host is where requests for a bucket go.
func (c *Client) host(bucket string) string {
	host := c.config.Endpoint.Hostname()
	if !c.config.PathStyle {
		host = bucket + "." + host
	}
	return net.JoinHostPort(host, c.port())
}

func (c *Client) port() string {
	switch port := c.config.Endpoint.Port(); {
	case port != "":
		return port
	case c.config.Endpoint.Scheme == "http":
		return "80"
	}
	return "443"
}
