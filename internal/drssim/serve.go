package drssim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Serve answers one request: what the service does, and what the network does
// with the answer.
func (d *DRS) Serve(r Request) Response {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	op, id, refused := route(r)
	if refused == nil {
		refused = d.admit(r)
	}
	if refused != nil {
		return d.logged(r, "", d.refuse(*refused), "", "")
	}
	d.counts[op]++
	fault := d.faultFor(op, d.counts[op])
	if fault == nil {
		resp, job := d.do(op, id, r)
		return d.logged(r, op, resp, "", job)
	}
	resp, job := fault.kind.act(d, fault.Fault, op, id, r)
	return d.logged(r, op, resp, fault.String(), job)
}

// The operations, by which faults count.
const (
	opCreate = "create"
	opList   = "list"
	opShow   = "show"
	opOther  = "other"
)

// route finds the operation of a path (1.1, 1.6).
func route(r Request) (op, id string, refused *Refusal) {
	parts := strings.Split(strings.Trim(r.Path, "/"), "/")
	notFound := &Refusal{404, "APIGW.0101", "The API does not exist or has not been published in the environment."}
	if len(parts) < 3 || len(parts) > 4 || parts[0] != "v5" || parts[1] == "" || parts[2] != "backup-migration-jobs" {
		return "", "", notFound
	}
	if len(parts) == 4 {
		switch r.Method {
		case http.MethodGet:
			return opShow, parts[3], nil
		case http.MethodPut, http.MethodDelete:
			return opOther, parts[3], nil
		}
		return "", "", notFound
	}
	switch r.Method {
	case http.MethodPost:
		return opCreate, "", nil
	case http.MethodGet:
		return opList, "", nil
	}
	return "", "", notFound
}

// admit is the gateway: authentication and the form of the request.
func (d *DRS) admit(r Request) *Refusal {
	if d.config.Verify == nil && r.Header.Get("X-Auth-Token") == "" && r.Header.Get("Authorization") == "" {
		return &Refusal{401, "APIGW.0301", "Incorrect IAM authentication information: x-auth-token not found"}
	}
	if r.Method == http.MethodPost && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return invalid("Content-Type must be application/json")
	}
	return nil
}

// do is the service without faults. job is the id of a job that it made.
func (d *DRS) do(op, id string, r Request) (resp Response, job string) {
	switch op {
	case opCreate:
		j, refused := d.accept(r.Body, d.config.Now())
		if refused != nil {
			return d.refuse(*refused), ""
		}
		return d.answer(200, map[string]any{"job_id": j.ID}), j.ID
	case opList:
		return d.list(r), ""
	case opShow:
		if j := d.job(id); j != nil {
			return d.answer(200, d.detail(j)), ""
		}
		return d.refuse(Refusal{400, "DRS.10000010", "The job does not exist."}), ""
	}
	return d.edit(r, id), ""
}

// accept makes a job of a valid body.
func (d *DRS) accept(body []byte, at time.Time) (*Job, *Refusal) {
	j, refused := parse(body)
	if refused != nil {
		return nil, refused
	}
	for _, other := range d.jobs {
		switch {
		case d.config.UniqueNames && !other.Deleted && strings.EqualFold(other.Name, j.Name):
			return nil, &Refusal{422, "DRS.M00277", "The task name already exists."}
		case d.config.OneAtATime && other.Status == "" && other.Instance == j.Instance:
			return nil, &Refusal{422, "DRS.M06020", "The DB instance is being used by another task."}
		}
	}
	j.ID, j.Created, j.Listed = d.newID(), at, at.Add(d.config.ListLag)
	j.ends = at.Add(d.config.RestoreTime)
	d.applyJobFaults(j)
	d.jobs = append(d.jobs, j)
	return j, nil
}

// edit is PUT and DELETE (1.5).
func (d *DRS) edit(r Request, id string) Response {
	j := d.job(id)
	if j == nil {
		return d.refuse(Refusal{400, "DRS.10000010", "The job does not exist."})
	}
	if r.Method == http.MethodDelete {
		if j.Status == "" {
			return d.refuse(Refusal{400, "DRS.M00304", "The API is not allowed in the current status."})
		}
		j.Deleted = true
		return d.answer(200, map[string]any{})
	}
	var body struct {
		Name        string  `json:"name"`
		Description *string `json:"description"`
	}
	if json.Unmarshal(r.Body, &body) != nil || !nameForm.MatchString(body.Name) {
		return d.refuse(*invalid("name"))
	}
	j.Name = body.Name
	if body.Description != nil {
		j.Description = *body.Description
	}
	return d.answer(200, map[string]any{})
}

// list is one page (1.3): default limit 10, offset in records, fuzzy name.
func (d *DRS) list(r Request) Response {
	limit, offset := 10, 0
	for name, into := range map[string]*int{"limit": &limit, "offset": &offset} {
		if v := r.Query.Get(name); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 0 || name == "limit" && n == 0 {
				return d.refuse(Refusal{400, "DRS.M00210", "Invalid paging parameter: " + name})
			}
			*into = n
		}
	}
	all := d.listed(r)
	page := all[min(offset, len(all)):min(offset+limit, len(all))]
	items := make([]any, 0, len(page))
	for _, j := range page {
		items = append(items, d.item(j))
	}
	return d.answer(200, map[string]any{"count": len(all), "jobs": items})
}

func (d *DRS) listed(r Request) []*Job {
	now := d.config.Now()
	var out []*Job
	for _, j := range d.jobs {
		ids := r.Query["dbs_instance_ids"]
		switch {
		case j.Deleted, j.Listed.After(now):
		case len(ids) > 0 && !slices.Contains(ids, j.Instance):
		case !strings.Contains(strings.ToLower(j.Name), strings.ToLower(r.Query.Get("name"))):
		case !strings.Contains(j.Description, r.Query.Get("description")):
		case r.Query.Get("status") != "" && r.Query.Get("status") != listStatus(j):
		default:
			out = append(out, j)
		}
	}
	slices.SortStableFunc(out, func(a, b *Job) int { return a.Created.Compare(b.Created) })
	if r.Query.Get("sort_dir") != "asc" {
		slices.Reverse(out)
	}
	return out
}

func listStatus(j *Job) string {
	if j.Status == "" {
		return "TRANSFERRING"
	}
	return j.Status
}

// item has the fields of the list page and no others.
func (d *DRS) item(j *Job) map[string]any {
	return map[string]any{
		"id": j.ID, "name": j.Name, "status": listStatus(j), "engine_type": "sqlserver", "error_log": j.ErrorLog,
		"description": j.Description, "create_time": d.time(j.Created), "finish_time": d.time(j.Finished),
		"enterprise_project_id": j.EnterpriseProject,
	}
}

// detail is the detail page: file_info instead of files, no folders,
// recovery_mode as a number, tags at the root (1.4).
func (d *DRS) detail(j *Job) map[string]any {
	status := listStatus(j)
	if d.config.LowerStatus {
		status = strings.ToLower(status)
	}
	files := make([]any, 0, len(j.Files))
	for _, key := range j.Files {
		files = append(files, map[string]any{"file_name": key[strings.LastIndexByte(key, '/')+1:], "file_size": "15.85MB", "file_last_modify": d.time(j.Created)})
	}
	mode := "1"
	if j.Mode == "incre" {
		mode = "2"
	}
	out := map[string]any{
		"id": j.ID, "status": status, "create_time": d.time(j.Created), "finish_time": d.time(j.Finished), "error_log": j.ErrorLog,
		"base_info":      map[string]any{"name": j.Name, "engine_type": "sqlserver", "description": j.Description, "enterprise_project_id": j.EnterpriseProject},
		"target_db_info": map[string]any{"target_instance_id": j.Instance, "ms_file_stream_status": "off"},
		"backup_info":    map[string]any{"file_source": firstOf(j.Source, "OBS"), "bucket_name": j.Bucket, "file_info": files},
		"options": map[string]any{
			"is_cover": d.boolean(j.Cover), "is_last_backup": d.boolean(j.Last), "is_precheck": d.boolean(j.Precheck),
			"recovery_mode": mode, "db_names": j.Databases,
		},
		"new_db_names": j.Rename, "instance_name": "rds-sqlserver",
	}
	if len(j.Tags) > 0 {
		out["tags"] = j.Tags
	}
	return out
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (d *DRS) boolean(b bool) any {
	if d.config.StringBools {
		return fmt.Sprint(b)
	}
	return b
}

func (d *DRS) time(t time.Time) any {
	switch {
	case t.IsZero():
		return ""
	case d.config.NumberTimes:
		return t.UnixMilli()
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

func (d *DRS) answer(status int, v any) Response {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = 500, []byte(err.Error())
	}
	return d.respond(status, "application/json", body)
}

func (d *DRS) respond(status int, kind string, body []byte) Response {
	h := http.Header{}
	h.Set("Content-Type", kind)
	h.Set("Date", d.config.Now().UTC().Format(http.TimeFormat))
	h.Set("X-Request-Id", fmt.Sprintf("%016x", d.random.Uint64()))
	return Response{Status: status, Header: h, Body: body, Delivery: Delivered}
}

func (d *DRS) refuse(r Refusal) Response {
	return d.answer(r.Status, map[string]any{"error_code": r.Code, "error_msg": r.Message})
}

func (d *DRS) logged(r Request, op string, resp Response, fault, job string) Response {
	l := Logged{Method: r.Method, Path: r.Path, Status: resp.Status, Fault: fault, JobID: job}
	if op == opCreate {
		l.Body = r.Body
	}
	d.log = append(d.log, l)
	return resp
}
