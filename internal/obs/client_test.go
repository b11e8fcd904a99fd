package obs

import (
	"net/url"
	"strings"
	"testing"
)

func TestRequestWithoutKeyIsNotSent(t *testing.T) {
	for _, keys := range []*pair{{}, {token: keyToken}, {id: keyID}, {secret: keySecret}, {id: " ", secret: " "}, {id: keyID, secret: keySecret + " "},
		{id: "a\r\nX: y", secret: "b"}, {id: keyID, secret: keySecret, token: "a b"}} {
		f := newFake(t, false)
		for _, err := range three(f.client(func(c *Config) { c.Credentials = keys }), f.bucket) {
			wantKind(t, err, Setting)
		}
		if len(f.requests) != 0 {
			t.Errorf("sent %q", f.requests)
		}
	}
}

func TestNamesThatChangeTheHostAreRefused(t *testing.T) {
	f := newFake(t, false)
	c := f.client()
	for _, bucket := range []string{"", "a", "evil.example.org/", "evil.example.org?", "evil.example.org#", "u:p@evil", "a/b/c", "a..b", ".ab", "ab.", "ABC", " abc", "ab_c", "a:1", strings.Repeat("a", 64)} {
		for _, err := range three(c, bucket) {
			wantKind(t, err, Setting)
		}
	}
	for _, key := range []string{"", " ", "a\xff", strings.Repeat("a", 1025)} {
		_, err := c.Head(t.Context(), f.bucket, key)
		wantKind(t, err, Setting)
	}
	if len(f.requests) != 0 {
		t.Errorf("sent %q", f.requests)
	}
}

func TestEndpoints(t *testing.T) {
	for address, c := range map[string]struct{ virtualHost, path bool }{
		"https://obs.ap-southeast-3.myhuaweicloud.com":      {true, true},
		"https://obs.ap-southeast-3.myhuaweicloud.com:8443": {true, true},
		"https://obs.example.com/":                          {true, true},
		"http://localhost:1":                                {true, true},
		"http://127.0.0.1:1":                                {false, true},
		"https://10.0.0.1":                                  {false, true},
		"https://[::1]:1":                                   {false, false},
		"http://obs.example.com":                            {false, false},
		"http://10.0.0.1":                                   {false, false},
		"ftp://obs.example.com":                             {false, false},
		"https://obs.example.com/x":                         {false, false},
		"https://obs.example.com?x":                         {false, false},
		"https://u:p@obs.example.com":                       {false, false},
		"https://":                                          {false, false},
		"obs.example.com":                                   {false, false},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		for _, pathStyle := range []bool{false, true} {
			_, err := New(Config{Endpoint: u, Credentials: canaries(), PathStyle: pathStyle})
			if want := c.virtualHost && !pathStyle || c.path && pathStyle; (err == nil) != want {
				t.Errorf("%s, path style %v: %v", address, pathStyle, err)
			}
		}
	}
}
