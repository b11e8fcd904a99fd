package drs

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzClassify: an outcome has a job only if the answer names one, and means "no
// job" only with a code that means it.
func FuzzClassify(f *testing.F) {
	for _, body := range []string{acceptedBody, coded("DRS.M00200"), coded("DRS.M00277"), coded("APIGW.0308"), coded("APIGW.0301"), `{"error":{"code":"DRS.M00100"}}`, "", "<html>"} {
		for _, status := range []int{200, 400, 429, 500} {
			f.Add(status, body, "7", true)
		}
	}
	f.Add(0, "", "-1", false)
	f.Fuzz(func(t *testing.T, status int, body, after string, wrote bool) {
		out := Classify(Answer{Wrote: wrote, StatusCode: status, Header: http.Header{"Retry-After": {after}}, Body: []byte(body)})
		if (out.Kind == Unsent) == wrote {
			t.Errorf("wrote %t, but %s", wrote, out.Kind)
		}
		if out.RetryAfter < 0 || out.RetryAfter > MaxRetryAfter {
			t.Errorf("a pause of %v", out.RetryAfter)
		}
		if (out.Kind == Accepted) != (out.JobID != "") {
			t.Errorf("%s with job %q", out.Kind, out.JobID)
		}
		if out.Kind == Accepted && (status != 200 || !saysJob(body)) {
			t.Errorf("%d %q was accepted", status, body)
		}
		none := []OutcomeKind{Denied, Throttled, Refused}
		if slices.Contains(none, out.Kind) && (status < 400 || status > 499 || !strings.Contains(unescaped(body), "DRS.M") && !strings.Contains(unescaped(body), "APIG")) {
			t.Errorf("%d %q is %s", status, body, out.Kind)
		}
	})
}

// unescaped is a body with its JSON escapes decoded.
func unescaped(body string) string {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return ""
	}
	return strings.Join(texts(v), " ")
}

func texts(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case map[string]any:
		for _, w := range v {
			all = append(all, texts(w)...)
		}
	}
	return all
}

// saysJob is a simple reader: one object with a string job_id.
func saysJob(body string) bool {
	var v map[string]any
	if json.Unmarshal([]byte(body), &v) != nil {
		return false
	}
	for k, w := range v {
		if id, ok := w.(string); ok && strings.EqualFold(k, "job_id") && strings.TrimSpace(id) != "" {
			return true
		}
	}
	return false
}

// FuzzShow: a job is the requested one, and is the last backup only if the answer
// says so.
func FuzzShow(f *testing.F) {
	for _, body := range []string{
		`{"id":"j","status":"SUCCESS","create_time":"1721897321000","options":{"is_last_backup":"true","recovery_mode":"2","db_names":["ims"]},"backup_info":{"file_info":[{"file_name":"a.bak"}]}}`,
		`{"id":"j","options":{"is_last_backup":true}}`, `{"id":"k"}`, `{"id":"j","id":"j"}`, `{}`, ``, `{"id":1}`, `{"id":"j","status":null}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		j, err := DecodeJob(body, "j", time.Time{})
		if err != nil {
			if j.ID != "" {
				t.Errorf("%q: %v, and a job", body, err)
			}
			return
		}
		lower := strings.ToLower(string(body))
		if j.ID != "j" || !json.Valid(body) {
			t.Errorf("%q is job %q", body, j.ID)
		}
		if j.IsLastBackup && (!j.HasIsLastBackup || !strings.ContainsAny(lower, "t1\\")) {
			t.Errorf("%q is a last backup", body)
		}
		if status, known := ParseStatus(j.Status); status.Ended() && !known {
			t.Errorf("%q has ended in an unknown way", j.Status)
		}
	})
}

// FuzzList: every job has an id, and a listing of any pages ends and contains each
// job once.
func FuzzList(f *testing.F) {
	for _, body := range []string{
		`{"count":1,"jobs":[{"id":"a","status":"SUCCESS"}]}`, `{"count":3,"jobs":[{"id":"a"},{"id":"a"},{"id":7}]}`, `{"count":0,"jobs":[]}`, `{"count":9}`, `{"jobs":[{}],"count":1}`, ``, `[]`, `{"count":-1,"jobs":[]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := DecodePage(body, time.Time{})
		if err != nil {
			return
		}
		if p.Count < 0 || slices.ContainsFunc(p.Jobs, func(j OfflineTaskInfo) bool { return j.ID == "" }) {
			t.Errorf("%q: %+v", body, p)
		}
		pages := 0
		l, err := Collect(func(int) (Page, error) { pages++; return p, nil })
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, j := range l.Jobs {
			if seen[j.ID] {
				t.Errorf("%q: %s twice", body, j.ID)
			}
			seen[j.ID] = true
		}
		if pages > 2 || l.Complete && len(l.Jobs) < p.Count {
			t.Errorf("%q: %d pages, %d jobs of %d, complete %t", body, pages, len(l.Jobs), p.Count, l.Complete)
		}
	})
}
