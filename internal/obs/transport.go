package obs

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits on what the client keeps of an answer.
const (
	maxHeaderBytes = 64 << 10
	maxListBody    = 8 << 20 // 1000 keys of 1024 bytes, each escaped sixfold
	maxErrorBody   = 64 << 10
	maxListTags    = 64 * pageSize // an entry has about 22 of them; more would be many empty ones
)

// times are the time limits of the parts of a try.
type times struct {
	dial      time.Duration
	handshake time.Duration
	header    time.Duration // from the request's last byte to the end of the answer's headers
	try       time.Duration // in all
}

func usualTimes() times {
	return times{dial: 10 * time.Second, handshake: 10 * time.Second, header: 20 * time.Second, try: 30 * time.Second}
}

func newTransport(config Config, times times) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  config.Proxy,
		OnProxyConnectResponse: proxyAnswer,
		DialContext:            (&net.Dialer{Timeout: times.dial, KeepAlive: 15 * time.Second}).DialContext,
		Protocols:              protocols,
		TLSClientConfig:        &tls.Config{RootCAs: config.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    times.handshake,
		ResponseHeaderTimeout:  times.header,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true,
	}
}

// proxyAnswer replaces the error of net/http, which quotes the proxy's status
// line.
func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		return ownError{fmt.Errorf("the proxy refused the connection with HTTP %d", resp.StatusCode)}
	}
	return nil
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// exchange is the transport of one try: one request, to the host it is for. It
// keeps the answer, because the SDK hides most of it.
type exchange struct {
	under  http.RoundTripper
	scheme string
	host   string
	sent   bool
	proof  string         // what the request was signed with
	answer *http.Response // nil: there was none
}

func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	switch {
	case x.sent:
		return nil, ownError{errors.New("a second request was stopped")}
	case req.URL.Scheme != x.scheme || req.URL.Host != x.host:
		return nil, ownError{errors.New("a request to another host was stopped")}
	}
	x.sent = true
	_, x.proof, _ = strings.Cut(req.Header.Get("Authorization"), ":")
	resp, err := x.under.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if err := contain(req, resp); err != nil {
		return nil, err
	}
	x.answer = resp
	return resp, nil
}

// contain limits the body of resp. Only a requested range is read later, and its
// reader limits it.
func contain(req *http.Request, resp *http.Response) error {
	switch {
	case resp.StatusCode < 200: // 101: the body is the connection, which no deadline ends
		resp.Body.Close()
		return ownError{errors.New("the server switches to another protocol")}
	case resp.StatusCode >= 300:
		return hold(resp, maxErrorBody, true)
	case req.Header.Get("Range") == "":
		return hold(resp, maxListBody, false)
	case resp.StatusCode != http.StatusPartialContent:
		resp.Body.Close()
	}
	return nil
}

// hold reads the body into memory; of an error, only its beginning.
func hold(resp *http.Response, most int64, frontWillDo bool) error {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case frontWillDo:
	case err != nil:
		return err
	case int64(len(body)) > most || bytes.Count(body, []byte("<")) > maxListTags:
		return ownError{errors.New("the answer is larger than any that OBS gives")}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}
