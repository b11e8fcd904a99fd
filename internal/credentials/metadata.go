package credentials

import (
	"bytes"
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Huawei's SDK also supports these two sources, but it does not limit the size of
// the answer, uses the proxy of the environment, follows redirects, and fails hard
// on an answer without a credential. This code sends the same requests with its
// own client.

const (
	metadataPlace    = "the ECS metadata service"
	podPlace         = "pod identity"
	podURIVariable   = "HC_CONTAINER_CREDENTIALS_FULL_URI"
	podTokenVariable = "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE"
)

// metadata is the service that gives an ECS the key of its agency (reference 3.3).
type metadata struct {
	client *http.Client
	base   string
}

// findMetadata always returns a source: only a request shows whether it exists.
// The address is link-local, so a second is enough to connect.
func findMetadata(o Options) (*source, error) {
	m := metadata{client: newClient(o, time.Second, 3*time.Second), base: strings.TrimSuffix(o.MetadataURL, "/")}
	return &source{name: "ECS agency", load: m.load}, nil
}

func (m metadata) load(ctx context.Context) (credential, error) {
	session, err := m.session(ctx)
	if err != nil {
		return credential{}, err
	}
	a, err := m.ask(ctx, http.MethodGet, "/openstack/latest/securitykey", "X-Metadata-Token", session)
	if err != nil {
		return credential{}, err
	}
	switch {
	case a.status == http.StatusNotFound, bytes.Contains(a.body, []byte("configure Cloud Service Agency")):
		return credential{}, unavailable(metadataPlace, "this server has no agency")
	case a.status != http.StatusOK:
		return credential{}, unexpectedStatus(metadataPlace, a.status)
	}
	return temporary(metadataPlace, "ecs-agency", "credential", a.body)
}

// session returns the token of version 2, empty if there is only version 1, which
// 404, 405 and 503 mean.
func (m metadata) session(ctx context.Context) (string, error) {
	a, err := m.ask(ctx, http.MethodPut, "/meta-data/latest/api/token", "X-Metadata-Token-Ttl-Seconds", "21600")
	if err != nil {
		return "", err
	}
	switch a.status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusServiceUnavailable:
		return "", nil
	case http.StatusOK:
		session := string(bytes.TrimSpace(a.body))
		if !headerSafe(session) {
			return "", unavailable(metadataPlace, "answered with something that is not a token")
		}
		return session, nil
	}
	return "", unexpectedStatus(metadataPlace, a.status)
}

func (m metadata) ask(ctx context.Context, method, path, header, value string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, m.base+path, nil)
	if err != nil {
		return answer{}, settingError(metadataPlace, "its address is malformed", "")
	}
	if value != "" {
		req.Header.Set(header, value)
	}
	return exchange(m.client, req, metadataPlace)
}

// podIdentity exchanges the token of a Kubernetes service account for the key of
// its agency.
type podIdentity struct {
	client    *http.Client
	uri       string
	tokenFile string
}

func findPodIdentity(o Options) (*source, error) {
	p := podIdentity{
		client: newClient(o, 2*time.Second, 10*time.Second),
		uri:    o.get(podURIVariable), tokenFile: o.get(podTokenVariable),
	}
	switch {
	case p.uri == "" && p.tokenFile == "":
		return nil, nil
	case p.uri == "":
		return nil, settingError(podURIVariable, "is missing, but the other half of the pair is set", "set both or neither")
	case p.tokenFile == "":
		return nil, settingError(podTokenVariable, "is missing, but the other half of the pair is set", "set both or neither")
	case !podAddress(p.uri):
		return nil, settingError(podURIVariable, "is neither https nor http to an address inside the cluster", "see the pod's definition")
	}
	return &source{name: podPlace, load: p.load}, nil
}

// podAddress reports whether the token may be sent there: over http only to a
// loopback, link-local or private address.
func podAddress(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Hostname() == "" {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	inside := err == nil && (addr.IsPrivate() || addr.IsLinkLocalUnicast())
	return encrypted(u) || u.Scheme == "http" && inside
}

func (p podIdentity) load(ctx context.Context) (credential, error) {
	token, err := readWord(podTokenVariable, p.tokenFile, "token")
	if err != nil {
		return credential{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.uri, strings.NewReader("{}"))
	if err != nil {
		return credential{}, settingError(podURIVariable, "is malformed", "")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Authorization", token)
	a, err := exchange(p.client, req, podPlace)
	if err != nil {
		return credential{}, err
	}
	if a.status != http.StatusOK {
		return credential{}, unexpectedStatus(podPlace, a.status)
	}
	return temporary(podPlace, "pod-identity", "credentials", a.body)
}
