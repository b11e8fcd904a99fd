package credentials

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/migplan/migplan/internal/neterror"
)

// hookTimeout limits one request to a Hook, also where the context allows more.
const hookTimeout = 5 * time.Second

// Hook is an address that is told of a run: a dead man's switch or a webhook. The
// whole address is a secret, since anybody who knows it can send messages as this run.
// No error of a Hook contains any part of it.
type Hook struct {
	setting string
	address secret
	client  *http.Client
}

// FindHook reads the address from the environment variable name, or from the file
// that the variable fileName names. It returns nil if neither is set.
func FindHook(o Options, name, fileName string) (*Hook, error) {
	value, file := o.get(name), o.get(fileName)
	switch {
	case value != "" && file != "":
		return nil, settingError(name, "is set together with "+fileName, "set only one of them")
	case value == "" && file == "":
		return nil, nil
	}
	setting := name
	if file != "" {
		setting = fileName
		var err error
		if value, err = readWord(setting, file, "address"); err != nil {
			return nil, err
		}
	}
	if !isHookAddress(value) {
		return nil, settingError(setting, "is not the address of a web page", "write it as https://host/path")
	}
	client := newClient(o, 2*time.Second, hookTimeout)
	if t, ok := client.Transport.(*http.Transport); ok && o.Proxy != nil {
		t.Proxy = o.Proxy
	}
	return &Hook{setting: setting, address: newSecret(value), client: client}, nil
}

func isHookAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.Fragment == ""
}

// Get asks for the address with path appended to its path. An answer other than
// 2xx is an error.
func (h *Hook) Get(ctx context.Context, path string) error {
	return h.send(ctx, http.MethodGet, path, nil)
}

// Post sends a JSON body. An answer other than 2xx is an error.
func (h *Hook) Post(ctx context.Context, body []byte) error {
	return h.send(ctx, http.MethodPost, "", body)
}

func (h *Hook) send(ctx context.Context, method, path string, body []byte) error {
	u, err := url.Parse(h.address.reveal())
	if err != nil {
		return h.failed("is not an address")
	}
	if path != "" {
		u = u.JoinPath(path)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return h.failed("is not an address")
	}
	req.Header.Set("User-Agent", "migplan")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return h.failed(hookProblem(err))
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // what it says does not matter
	if resp.StatusCode/100 != 2 {
		return unexpectedStatus(h.setting, resp.StatusCode)
	}
	return nil
}

func (h *Hook) failed(problem string) error { return unavailable(h.setting, problem) }

// hookProblem describes a failure without the address: net/http quotes it.
func hookProblem(err error) string {
	var timeout interface{ Timeout() bool }
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.Canceled):
		return "was not called to the end: the run was stopped"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "did not answer in time"
	case errors.As(err, &certificate):
		return "has a certificate that " + neterror.Certificate(certificate.Err)
	case notConnected(err):
		return "cannot be reached" + reason(err)
	}
	return "ended the connection without a usable answer"
}
