package drssim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// listParameters are the parameters on the list page.
var listParameters = []string{
	"name", "status", "dbs_instance_ids", "description", "create_at", "completed_at",
	"enterprise_project_id", "tags", "limit", "offset", "sort_key", "sort_dir",
}

// sortKeys are the sort keys on the newer list page.
var sortKeys = []string{"", "name", "db_type", "inst_id", "ip", "created_at", "description", "tag_value"}

// mostListed is the maximum number of jobs on a page, for any limit.
const mostListed = 50

// query is a parsed list request.
type query struct {
	name, description, status, project, sortKey, sortDir string
	instances                                            []string
	limit, offset                                        int
}

// list returns one page. Without a sort_key the order is by id, since no
// documentation defines one.
func (d *DRS) list(r Request) Response {
	c := &checker{}
	q := c.query(r)
	if c.refused != nil {
		return d.refuse(*c.refused)
	}
	all := d.selected(r, q)
	q.sort(all)
	page := all[min(q.offset, len(all)):min(q.offset+q.limit, len(all))]
	items := make([]any, 0, len(page))
	for _, j := range page {
		items = append(items, d.item(j))
	}
	return d.answer(200, object{"count": len(all), "jobs": items})
}

func (c *checker) query(r Request) query {
	for _, key := range slices.Sorted(maps.Keys(r.Query)) {
		if !slices.Contains(listParameters, key) || len(r.Query[key]) > 1 && key != "dbs_instance_ids" {
			c.malformed("query parameter %.40q", key)
		}
	}
	q := query{
		name: r.Query.Get("name"), description: r.Query.Get("description"), status: r.Query.Get("status"),
		project: r.Query.Get("enterprise_project_id"), sortKey: r.Query.Get("sort_key"), sortDir: r.Query.Get("sort_dir"),
		instances: r.Query["dbs_instance_ids"],
	}
	q.limit = min(c.number(r, "limit", 10, 1), mostListed)
	q.offset = c.number(r, "offset", 0, 0)
	statuses := []string{"", Transferring, Success, Failed, PrecheckFailed}
	c.want(slices.Contains(statuses, q.status), "status", "TRANSFERRING, SUCCESS, FAILED or PRECHECK FAILED")
	c.want(len(q.instances) <= 10, "dbs_instance_ids", "at most 10")
	c.want(slices.Contains(sortKeys, q.sortKey), "sort_key", "no such key")
	c.want(q.sortDir == "" || q.sortDir == "asc" || q.sortDir == "desc", "sort_dir", "asc or desc")
	for _, key := range []string{"create_at", "completed_at", "tags"} {
		c.want(r.Query.Get(key) == "", key, "its form is not documented")
	}
	return q
}

// number reads limit or offset; invalid paging has its own error code.
func (c *checker) number(r Request, key string, otherwise, least int) int {
	if !r.Query.Has(key) {
		return otherwise
	}
	n, err := strconv.Atoi(r.Query.Get(key))
	if err != nil || n < least || n > 1<<30 {
		c.refuse(400, "DRS.M00210", "The paging parameter %s is invalid.", key)
	}
	return n
}

func (d *DRS) selected(r Request, q query) []*Job {
	now, who := d.config.Now(), principal(r.Header)
	var out []*Job
	for _, j := range d.jobs {
		mine := !d.config.OwnJobsOnly || j.Principal == who
		visible := !j.Deleted && !j.Listed.After(now) && !j.omitUntil.After(now)
		if mine && visible && d.matches(q, j) {
			out = append(out, j)
		}
	}
	return out
}

// matches: name and description are fuzzy filters, here substrings without case.
func (d *DRS) matches(q query, j *Job) bool {
	return strings.Contains(fold(j.Name), fold(q.name)) && strings.Contains(fold(j.Description), fold(q.description)) &&
		(q.status == "" || q.status == d.shownStatus(j)) && (q.project == "" || q.project == cmp.Or(j.EnterpriseProjectID, "0")) &&
		(len(q.instances) == 0 || slices.Contains(q.instances, j.Instance))
}

// sort orders ties by id.
func (q query) sort(jobs []*Job) {
	slices.SortFunc(jobs, func(a, b *Job) int {
		n := 0
		switch q.sortKey {
		case "name":
			n = cmp.Compare(fold(a.Name), fold(b.Name))
		case "inst_id":
			n = cmp.Compare(a.Instance, b.Instance)
		case "description":
			n = cmp.Compare(a.Description, b.Description)
		case "created_at":
			n = a.Created.Compare(b.Created)
		}
		if q.sortDir == "desc" {
			n = -n
		}
		return cmp.Or(n, cmp.Compare(a.ID, b.ID))
	})
}

// item has only the fields of the list page: no files, target, options or tags. Its
// status is always in upper case.
func (d *DRS) item(j *Job) object {
	return object{
		"id": j.ID, "name": j.Name, "status": d.shownStatus(j), "engine_type": "sqlserver", "error_log": j.ErrorLog,
		"description": j.Description, "create_time": d.time(j.Created), "finish_time": d.time(j.Finished),
		"enterprise_project_id": cmp.Or(j.EnterpriseProjectID, "0"),
	}
}

// time uses strings of epoch milliseconds, as in the 2019 API; the v5 pages do not
// document the form.
func (d *DRS) time(t time.Time) any {
	switch {
	case t.IsZero() && d.config.NumberTimes:
		return 0
	case t.IsZero():
		return ""
	case d.config.NumberTimes:
		return t.UnixMilli()
	}
	return fmt.Sprint(t.UnixMilli())
}
