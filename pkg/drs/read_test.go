package drs

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// The forms in which the sources show the same job.
func TestDecodeJobReadsEveryForm(t *testing.T) {
	const plain = `{"id":"j1","status":"SUCCESS","create_time":"1721897321000","finish_time":"1721897321000",
		"base_info":{"name":"n","description":"d","enterprise_project_id":"0"},
		"target_db_info":{"target_instance_id":"in04"},
		"backup_info":{"file_source":"OBS","bucket_name":"b","file_info":[{"file_name":"a.bak","file_size":"15.85MB"}]},
		"options":{"is_cover":true,"is_last_backup":true,"recovery_mode":"full","db_names":["ims"]},
		"new_db_names":"x","instance_name":"rds","error_log":""}`
	want, err := DecodeJob([]byte(plain), "j1", signedAt())
	if err != nil {
		t.Fatal(err)
	}
	if want.Name != "n" || !want.IsLastBackup || !want.HasIsLastBackup || !want.IsCover || want.RecoveryMode != RecoveryModeFull || want.FileNames[0] != "a.bak" || want.DBNames[0] != "ims" ||
		want.BucketName != "b" || want.TargetInstanceID != "in04" || want.NewDBNames != "x" || !want.Date.Equal(signedAt()) || want.FinishTime.Year() != 2024 {
		t.Fatalf("%+v", want)
	}
	for _, change := range [][2]string{
		{`"1721897321000"`, `1721897321000`}, {`"1721897321000"`, `"2024-07-25T08:48:41Z"`}, {`"1721897321000"`, `"2024-07-25 08:48:41"`},
		{`true`, `"true"`}, {`true`, `"TRUE"`}, {`true`, `1`}, {`true`, `"1"`},
		{`"full"`, `"1"`}, {`"full"`, `1`}, {`"full"`, `"FULL"`}, {`"full"`, `" Full "`},
		{`"id":"j1"`, `"id":"j1","tags":[{"key":"a","value":"b"}]`}, {`"name":"n"`, `"name":"n","tags":[{"key":"a","value":"b"}]`}, {`"id":"j1"`, `"id":"j1","tags":"a=b"`},
		{`"base_info":{"name":"n","description":"d","enterprise_project_id":"0"}`, `"name":"n","description":"d","enterprise_project_id":0`},
		{`"base_info":{`, `"name":"other","base_info":{`}, {`"error_log":""`, `"error_log":null,"progress":{"a":[1,2,{}]}`},
		{`"enterprise_project_id":"0"`, `"enterprise_project_id":0`},
	} {
		body := strings.ReplaceAll(plain, change[0], change[1])
		if body == plain {
			t.Fatalf("%s was not found", change[0])
		}
		got, err := DecodeJob([]byte(body), "j1", signedAt())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s -> %s: %v\n got %+v\nwant %+v", change[0], change[1], err, got, want)
		}
	}
}

func TestDecodeJobModesAndFlags(t *testing.T) {
	for in, want := range map[string]string{`"incre"`: "incre", `"2"`: "incre", `2`: "incre", `"INCRE"`: "incre", `"3"`: "3", `""`: "", `null`: "", `"differential"`: "differential"} {
		j, err := DecodeJob([]byte(`{"id":"j","options":{"recovery_mode":`+in+`}}`), "j", time.Time{})
		if err != nil || j.RecoveryMode != want {
			t.Errorf("%s: %q, %v", in, j.RecoveryMode, err)
		}
	}
	for in, want := range map[string][2]bool{`true`: {true, true}, `"false"`: {true, false}, `0`: {true, false}, `null`: {}, `""`: {}} {
		j, err := DecodeJob([]byte(`{"id":"j","options":{"is_last_backup":`+in+`}}`), "j", time.Time{})
		if err != nil || [2]bool{j.HasIsLastBackup, j.IsLastBackup} != want {
			t.Errorf("%s: %+v, %v", in, j, err)
		}
	}
}

// An id is opaque, and the answer must have the requested one.
func TestDecodeJobRefusesOtherID(t *testing.T) {
	for _, id := range []string{"0667845a-6291-4e2a-95b0-190c0abjb703", "1", "a/b c", "ÄÖ", "A"} {
		j, err := DecodeJob(fmt.Appendf(nil, `{"id":%q}`, id), id, time.Time{})
		if err != nil || j.ID != id {
			t.Errorf("%q: %q, %v", id, j.ID, err)
		}
	}
	for _, body := range []string{`{"id":"j2"}`, `{"id":"J"}`, `{"id":"j "}`, `{"id":""}`, `{}`, `{"id":null}`, `{"id":"j","id":"j"}`, `{"id":["j"]}`, `[]`, `"j"`, ``, `{"id":"j","options":[]}`, `{"id":"j","backup_info":{"file_info":{}}}`} {
		if j, err := DecodeJob([]byte(body), "j", time.Time{}); err == nil {
			t.Errorf("%s: %+v", body, j)
		}
	}
}

func TestDecodePageRefusesIncompletePage(t *testing.T) {
	p, err := DecodePage([]byte(`{"count":3,"jobs":[{"id":"a","name":"n","status":"PRECHECK FAILED","finish_time":1721897321317,"error_log":"e","extra":{}},{"id":7}]}`), signedAt())
	if err != nil || p.Count != 3 || len(p.Jobs) != 2 || p.Jobs[0].Status != "PRECHECK FAILED" || p.Jobs[0].FinishTime.IsZero() || p.Jobs[1].ID != "7" || !p.Date.Equal(signedAt()) {
		t.Errorf("%+v, %v", p, err)
	}
	for _, none := range []string{`{"count":0,"jobs":[]}`, `{"count":0,"jobs":null}`, `{"count":0}`} {
		if p, err := DecodePage([]byte(none), time.Time{}); err != nil || p.Count != 0 || len(p.Jobs) != 0 {
			t.Errorf("%s: %+v, %v", none, p, err)
		}
	}
	for _, body := range []string{
		``, `{}`, `[]`, `null`, `{"jobs":[]}`, `{"count":1}`, `{"count":1,"jobs":null}`, `{"count":null,"jobs":[]}`, `{"count":-1,"jobs":[]}`, `{"count":1.5,"jobs":[]}`, `{"count":1,"jobs":[{}]}`,
		`{"count":1,"jobs":[{"id":""}]}`, `{"count":1,"jobs":[null]}`, `{"count":1,"jobs":["a"]}`, `{"count":1,"jobs":{"id":"a"}}`, `{"count":99999999999999999999,"jobs":[]}`, `{"count":1,"count":2,"jobs":[]}`, `{"count":1,"jobs":[{"id":"a"}]}x`,
	} {
		if p, err := DecodePage([]byte(body), time.Time{}); err == nil {
			t.Errorf("%s: %+v", body, p)
		}
	}
}

func TestListQueryNamesInstanceAndPage(t *testing.T) {
	want := url.Values{"dbs_instance_ids": {"in04"}, "limit": {"100"}, "offset": {"20"}, "sort_key": {"created_at"}, "sort_dir": {"desc"}}
	if got := ListQuery("in04", 20); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

// changingList is a server's list that changes while it is read.
type changingList struct {
	ids      []string
	perPage  int
	count    func(real int) int
	before   func(page int, s *changingList)
	undated  int // the page without a date, counted from 1
	asked    []int
	failFrom int
}

func (s *changingList) page(offset int) (Page, error) {
	n := len(s.asked) + 1
	if s.failFrom > 0 && n >= s.failFrom {
		return Page{}, errors.New("away")
	}
	if s.before != nil {
		s.before(n, s)
	}
	s.asked = append(s.asked, offset)
	p := Page{Count: len(s.ids), Date: signedAt().Add(time.Duration(n) * time.Minute)}
	if s.count != nil {
		p.Count = s.count(p.Count)
	}
	if n == s.undated {
		p.Date = time.Time{}
	}
	for i := offset; i < len(s.ids) && len(p.Jobs) < s.perPage; i++ {
		p.Jobs = append(p.Jobs, OfflineTaskInfo{ID: s.ids[i]})
	}
	return p, nil
}

func numbered(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprint("j", i))
	}
	return ids
}

// TestCollectReadsAllPages is long because it contains a table.
func TestCollectReadsAllPages(t *testing.T) {
	created := func(page int, s *changingList) {
		if page == 2 {
			s.ids = slices.Insert(s.ids, 0, "new")
		}
	}
	deleted := func(page int, s *changingList) {
		if page == 2 {
			s.ids = slices.Delete(s.ids, 0, 1)
		}
	}
	swapped := func(page int, s *changingList) {
		if page == 2 {
			s.ids = slices.Delete(s.ids, 0, 1)
		}
		if page == 3 {
			s.ids = slices.Insert(s.ids, 0, "new")
		}
	}
	for name, c := range map[string]struct {
		changingList changingList
		jobs         int
		complete     bool
		asked        []int
	}{
		"empty":                                   {changingList{perPage: 10}, 0, true, []int{0}},
		"one page":                                {changingList{ids: numbered(7), perPage: 100}, 7, true, []int{0}},
		"the limit ignored":                       {changingList{ids: numbered(25), perPage: 10}, 25, true, []int{0, 10, 20}},
		"exactly full pages":                      {changingList{ids: numbered(20), perPage: 10}, 20, true, []int{0, 10}},
		"count too high":                          {changingList{ids: numbered(7), perPage: 10, count: func(n int) int { return n + 1 }}, 7, false, []int{0, 7}},
		"count too low":                           {changingList{ids: numbered(25), perPage: 10, count: func(int) int { return 3 }}, 25, true, []int{0, 10, 20, 25}},
		"count zero":                              {changingList{ids: numbered(25), perPage: 10, count: func(int) int { return 0 }}, 25, true, []int{0, 10, 20, 25}},
		"created meanwhile":                       {changingList{ids: numbered(25), perPage: 10, before: created}, 25, false, []int{0, 10, 20, 26}},
		"deleted meanwhile, so that one is hid":   {changingList{ids: numbered(25), perPage: 10, before: deleted}, 24, false, []int{0, 10, 20}},
		"deleted and created meanwhile":           {changingList{ids: numbered(30), perPage: 10, before: swapped}, 29, false, []int{0, 10, 20, 30}},
		"the same job twice on a page, uncounted": {changingList{ids: []string{"a", "a", "b"}, perPage: 10, count: func(int) int { return 2 }}, 2, true, []int{0}},
	} {
		l, err := Collect(c.changingList.page)
		if err != nil || len(l.Jobs) != c.jobs || l.Complete != c.complete || !slices.Equal(c.changingList.asked, c.asked) || !l.Date.Equal(signedAt().Add(time.Minute)) {
			t.Errorf("%s: %d jobs, complete %t, asked %v, date %v, %v", name, len(l.Jobs), l.Complete, c.changingList.asked, l.Date, err)
		}
	}
}

// A server that repeats the same page has not shown everything: there may be a
// foreign running job after it.
func TestCollectRefusesRepeatedPage(t *testing.T) {
	s := changingList{ids: []string{"a", "a", "a"}, perPage: 1, count: func(int) int { return 3 }}
	if l, err := Collect(s.page); err == nil {
		t.Errorf("%+v", l)
	}
}

func TestCollectWithoutDateHasNoDate(t *testing.T) {
	for page := 1; page <= 3; page++ {
		s := changingList{ids: numbered(25), perPage: 10, undated: page}
		if l, err := Collect(s.page); err != nil || !l.Date.IsZero() || !l.Complete {
			t.Errorf("page %d: %v, %v", page, l.Date, err)
		}
	}
}

func TestCollectFailsIfOnePageFails(t *testing.T) {
	for page := 1; page <= 3; page++ {
		s := changingList{ids: numbered(25), perPage: 10, failFrom: page}
		if l, err := Collect(s.page); err == nil || l.Jobs != nil || l.Complete {
			t.Errorf("page %d: %+v, %v", page, l, err)
		}
	}
}

func TestCollectStopsAtItsLimits(t *testing.T) {
	n := 0
	_, err := Collect(func(int) (Page, error) {
		n++
		return Page{Count: 1 << 40, Jobs: []OfflineTaskInfo{{ID: fmt.Sprint(n)}}}, nil
	})
	if err == nil || n != maxPages {
		t.Errorf("%d pages, %v", n, err)
	}
	n = 0
	_, err = Collect(func(int) (Page, error) {
		n++
		return Page{Count: 1 << 40, Jobs: []OfflineTaskInfo{{ID: fmt.Sprint(n), ErrorLog: strings.Repeat("x", 1<<20)}}}, nil
	})
	if err == nil || n > 17 {
		t.Errorf("%d pages of a megabyte, %v", n, err)
	}
}

// A hundred thousand small jobs are more than any real target has.
func TestCollectLimitsNumberOfJobs(t *testing.T) {
	n := 0
	_, err := Collect(func(offset int) (Page, error) {
		p := Page{Count: 1 << 40}
		for i := range 10_000 {
			p.Jobs = append(p.Jobs, OfflineTaskInfo{ID: fmt.Sprint(offset + i)})
		}
		n++
		return p, nil
	})
	if err == nil || n > 10 {
		t.Errorf("%d pages, %v", n, err)
	}
}
