package drssim

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRoutesFollowThePages(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/v5/p/backup-migration-jobs", 200, ""},
		{"GET", "/v5/p/backup-migration-jobs/", 404, "APIGW.0101"},
		{"GET", "/v5/p/backup-migration-jobs/a/b", 404, "APIGW.0101"},
		{"GET", "/v5//backup-migration-jobs", 404, "APIGW.0101"},
		{"GET", "/v3/p/backup-migration-jobs", 404, "APIGW.0101"},
		{"GET", "v5/p/backup-migration-jobs", 404, "APIGW.0101"},
		{"GET", "/v5/p/jobs", 404, "APIGW.0101"},
		{"GET", "/", 404, "APIGW.0101"},
		{"DELETE", "/v5/p/backup-migration-jobs", 405, "APIGW.0501"},
		{"POST", "/v5/p/backup-migration-jobs/a", 405, "APIGW.0501"},
		{"GET", "/v5/p/jobs/name-validation", 405, "APIGW.0501"},
		{"DELETE", "/v5/p/backup-migration-jobs/a", 400, "DRS.10000010"},
		{"PUT", "/v5/p/backup-migration-jobs/a", 400, "DRS.10000010"},
	} {
		d, _ := sim(t, Config{})
		resp := d.Serve(Request{Method: c.method, Path: c.path, Header: headers()})
		if resp.Status != c.status || resp.code != c.code {
			t.Errorf("%s %s: %d %s", c.method, c.path, resp.Status, resp.Body)
		}
		if resp.Header.Get("Date") != "Sat, 06 Mar 2027 23:00:00 GMT" || len(resp.Header.Get("X-Request-Id")) != 32 {
			t.Errorf("%s %s: headers %v", c.method, c.path, resp.Header)
		}
		if strings.HasPrefix(c.code, "APIGW") && decoded(t, resp)["request_id"] != resp.Header.Get("X-Request-Id") {
			t.Errorf("%s %s: the gateway's shape has no request_id: %s", c.method, c.path, resp.Body)
		}
	}
}

// TestGatewayRefusesInvalidRequests is long because it contains a table.
func TestGatewayRefusesInvalidRequests(t *testing.T) {
	deny := func(r *http.Request, body []byte) *Refusal {
		if r.Header.Get("X-Auth-Token") == "good" && r.Method == "POST" && r.URL.Path == jobsPath && len(body) > 0 {
			return nil
		}
		return &Refusal{403, "APIGW.0302", "no"}
	}
	signed := func(at string) http.Header {
		return http.Header{"Authorization": {"SDK-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date, Signature=0"}, "X-Sdk-Date": {at}, "Content-Type": {"application/json; charset=utf-8"}}
	}
	both := signed("20170306T221000Z")
	both.Set("X-Auth-Token", "token")
	json := func(h http.Header, kind string) http.Header { h.Set("Content-Type", kind); return h }
	for name, c := range map[string]struct {
		config Config
		header http.Header
		code   string
	}{
		"token":                     {Config{}, headers(), ""},
		"nobody":                    {Config{}, http.Header{"Content-Type": {"application/json"}}, "APIGW.0301"},
		"empty token":               {Config{}, http.Header{"X-Auth-Token": {""}}, "APIGW.0301"},
		"signed now":                {Config{}, signed("20270306T230000Z"), ""},
		"signed 15 min ago":         {Config{}, signed("20270306T224500Z"), ""},
		"signed before that":        {Config{}, signed("20270306T224459Z"), "APIGW.0301"},
		"signed in the future":      {Config{}, signed("20270306T231501Z"), "APIGW.0301"},
		"signed without a date":     {Config{}, signed(""), "APIGW.0301"},
		"token beside a stale date": {Config{}, both, ""},
		"no content type":           {Config{}, json(headers(), ""), codeMalformed},
		"other content type":        {Config{}, json(headers(), "text/plain"), codeMalformed},
		"verified":                  {Config{Verify: deny}, json(http.Header{"X-Auth-Token": {"good"}}, "application/json"), ""},
		"not verified":              {Config{Verify: deny}, headers(), "APIGW.0302"},
	} {
		d, _ := sim(t, c.config)
		r := create(full("ims.bak").body())
		r.Header = c.header
		if resp := d.Serve(r); resp.code != c.code {
			t.Errorf("%s: %d %s, want %q", name, resp.Status, resp.Body, c.code)
		}
		if made := len(d.Jobs()); (made == 1) != (c.code == "") {
			t.Errorf("%s: %d jobs", name, made)
		}
	}
}

func TestUpdateChangesNameAndDescription(t *testing.T) {
	for _, c := range []struct {
		body, code, name, description string
	}{
		{`{"name":"new-name"}`, "", "new-name", "first"},
		{`{"name":"new-name","description":"second"}`, "", "new-name", "second"},
		{`{"name":"new-name","description":""}`, "", "new-name", ""},
		{`{"description":"second"}`, codeEmpty, "job-1", "first"},
		{`{"name":"x"}`, codeInvalid, "job-1", "first"},
		{`{"name":"new-name","description":"a=b"}`, codeInvalid, "job-1", "first"},
		{`{"name":"new-name","tags":[]}`, codeMalformed, "job-1", "first"},
		{`{"name":1}`, codeMalformed, "job-1", "first"},
		{`nonsense`, codeMalformed, "job-1", "first"},
	} {
		d, _ := sim(t, Config{})
		id := accepted(t, d, edited(t, full("ims.bak").body(), "base_info.description", "first"))
		resp := d.Serve(Request{Method: "PUT", Path: jobsPath + "/" + id, Header: headers(), Body: []byte(c.body)})
		j, _ := d.Job(id)
		if resp.code != c.code || j.Name != c.name || j.Description != c.description || c.code == "" && string(resp.Body) != "{}" {
			t.Errorf("%s: %d %s, then %q %q", c.body, resp.Status, resp.Body, j.Name, j.Description)
		}
	}
}

func TestDeleteRemovesTheRecord(t *testing.T) {
	for name, wait := range map[string]time.Duration{"running": 0, "ended": time.Hour} {
		d, k := sim(t, Config{})
		id := accepted(t, d, full("ims.bak").body())
		k.add(wait)
		remove := Request{Method: "DELETE", Path: jobsPath + "/" + id, Header: headers()}
		if resp := d.Serve(remove); resp.code != "" {
			t.Errorf("%s: %d %s", name, resp.Status, resp.Body)
		}
		if j, _ := d.Job(id); !j.Deleted {
			t.Errorf("%s: not deleted", name)
		}
		if resp := d.Serve(remove); resp.code != codeUnknown {
			t.Errorf("%s, again: %d %s", name, resp.Status, resp.Body)
		}
	}
}

func TestNameValidationFindsNamesInUse(t *testing.T) {
	d, _ := sim(t, Config{})
	id := accepted(t, d, full("ims.bak").body())
	ask := func(body string) Response {
		return d.Serve(Request{Method: "POST", Path: "/v5/p/jobs/name-validation", Header: headers(), Body: []byte(body)})
	}
	for body, code := range map[string]string{
		`{"name":"job-2","type":"offline"}`: "", `{"name":"job-1","type":"trans"}`: "", `{"name":"JOB-1","type":"offline"}`: "DRS.M00277",
		`{"name":"job-2"}`: codeEmpty, `{"type":"offline"}`: codeEmpty, `{"name":"job-2","type":"online"}`: codeInvalid, `{"name":"j","type":"offline"}`: codeInvalid,
	} {
		resp := ask(body)
		if resp.code != code || code == "" && string(resp.Body) != `{"is_valid":true}` {
			t.Errorf("%s: %d %s, want %q", body, resp.Status, resp.Body, code)
		}
	}
	d.Delete(id)
	if resp := ask(`{"name":"job-1","type":"offline"}`); resp.code != "" {
		t.Errorf("the name of a deleted job: %s", resp.code)
	}
}

func TestRequestsAreLogged(t *testing.T) {
	d, _ := sim(t, Config{Faults: parseFaults(t, "lost-after-accept@2")})
	id := accepted(t, d, full("ims.bak").body())
	d.Serve(create(full("ims.bak").body()))
	d.Serve(create([]byte("{}")))
	d.Serve(get(jobsPath+"/"+id, nil))
	d.Serve(get("/", nil))
	second := d.Jobs()[1].ID
	want := "POST create 200  " + id + "  delivered\n" +
		"POST create 200  " + second + " lost-after-accept@2 lost\n" +
		"POST create 400 DRS.M00201   delivered\n" +
		"GET show 200    delivered\n" +
		"GET  404 APIGW.0101   delivered\n"
	if got := logged(d); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if r := d.Requests()[0]; string(r.Body) != string(full("ims.bak").body()) || r.Path != jobsPath {
		t.Errorf("%+v", r)
	}
}
