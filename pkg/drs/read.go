package drs

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// ShowReplicationJob returns one job. The error is an *Error with NotFound if DRS
// does not know the job.
func (c *Client) ShowReplicationJob(ctx context.Context, jobID string) (Job, error) {
	const op = "ShowReplicationJob"
	if jobID == "" || isDots(jobID) {
		return Job{}, fmt.Errorf("%s: %q is not a valid job id", op, jobID)
	}
	a, err := c.get(ctx, op, c.url(jobID, nil))
	if err != nil {
		return Job{}, err
	}
	j, err := DecodeJob(a.body, jobID, a.date)
	if err != nil {
		return Job{}, fmt.Errorf("%s: %w", op, err)
	}
	return j, nil
}

// DecodeJob decodes the answer of ShowReplicationJob for jobID.
func DecodeJob(body []byte, jobID string, date time.Time) (Job, error) {
	var w wireJob
	if err := decode(body, &w); err != nil {
		return Job{}, notDocumented(err)
	}
	j := w.job()
	j.Date = date
	if j.ID != jobID {
		return Job{}, fmt.Errorf("the answer is about job %.64q instead of %q", j.ID, jobID)
	}
	return j, nil
}

// Listing is all jobs of a target, newest first.
type Listing struct {
	Jobs []OfflineTaskInfo
	// Complete means that at least as many jobs were received as the server
	// counted, and that none was deleted in the meantime.
	Complete bool
	// Date is the server's clock at the first page; zero if it is missing or
	// not reliable on any page.
	Date time.Time
}

// Page is one page of a list.
type Page struct {
	Count int
	Jobs  []OfflineTaskInfo
	Date  time.Time
}

// pageSize is the requested limit; the server's maximum is not documented.
const pageSize = 100

// Limits for a list that never ends: pages, and bytes of jobs.
const (
	maxPages   = 1000
	maxListing = 16 << 20
)

// ListReplicationJobs returns all jobs of a target instance. It does not filter
// by name or status: the name filter is fuzzy, and a job may be renamed.
func (c *Client) ListReplicationJobs(ctx context.Context, instanceID string) (Listing, error) {
	return Collect(func(offset int) (Page, error) { return c.page(ctx, ListQuery(instanceID, offset)) })
}

func (c *Client) page(ctx context.Context, query url.Values) (Page, error) {
	const op = "ListReplicationJobs"
	a, err := c.get(ctx, op, c.url("", query))
	if err != nil {
		return Page{}, err
	}
	p, err := DecodePage(a.body, a.date)
	if err != nil {
		return Page{}, fmt.Errorf("%s: %w", op, err)
	}
	return p, nil
}

// ListRunningJobs returns jobs of the project, on all its targets, that a list shows as
// TRANSFERRING, from at most so many pages. More may run: a list lags, and a status
// may have another spelling.
func (c *Client) ListRunningJobs(ctx context.Context, pages int) ([]OfflineTaskInfo, error) {
	var jobs []OfflineTaskInfo
	for range pages {
		query := ListQuery("", len(jobs))
		query.Del("dbs_instance_ids")
		query.Set("status", "TRANSFERRING")
		p, err := c.page(ctx, query)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, p.Jobs...)
		if len(p.Jobs) == 0 || len(jobs) >= p.Count {
			break
		}
	}
	return jobs, nil
}

// ListQuery is the query of one page (list page, query parameters).
func ListQuery(instanceID string, offset int) url.Values {
	return url.Values{
		"dbs_instance_ids": {instanceID},
		"limit":            {strconv.Itoa(pageSize)},
		"offset":           {strconv.Itoa(offset)},
		"sort_key":         {"created_at"},
		"sort_dir":         {"desc"},
	}
}

// DecodePage decodes the answer for one page.
func DecodePage(body []byte, date time.Time) (Page, error) {
	var w wireList
	if err := decode(body, &w); err != nil {
		return Page{}, notDocumented(err)
	}
	return w.page(date)
}

func notDocumented(err error) error {
	return fmt.Errorf("the answer is not the documented JSON: %w", err)
}

func (w wireList) page(date time.Time) (Page, error) {
	if w.Count == nil || *w.Count < 0 || w.Jobs == nil && *w.Count > 0 {
		return Page{}, errors.New("the list has no count or no jobs")
	}
	p := Page{Count: *w.Count, Date: date}
	if w.Jobs == nil { // a target without jobs may have null
		return p, nil
	}
	for _, t := range *w.Jobs {
		if t.ID == "" {
			return Page{}, errors.New("the list has a job without an id")
		}
		p.Jobs = append(p.Jobs, t.task())
	}
	return p, nil
}

// Collect reads pages until it has exactly as many jobs as the server counts, or
// until a page has no new job. The offset counts records and grows by the number
// received. A job that moves to the next page while others are created is kept
// once.
func Collect(page func(offset int) (Page, error)) (Listing, error) {
	c := collection{seen: map[string]bool{}, dated: true}
	for offset, n := 0, 0; n < maxPages; n++ {
		p, err := page(offset)
		if err != nil {
			return Listing{}, err
		}
		isNew, err := c.add(p)
		if err != nil {
			return Listing{}, err
		}
		if len(p.Jobs) == 0 || len(c.list.Jobs) == p.Count || !isNew && len(c.list.Jobs) > p.Count {
			return c.finish(), nil
		}
		if !isNew {
			return Listing{}, errors.New("the list repeats the same jobs and omits the rest")
		}
		offset += len(p.Jobs)
	}
	return Listing{}, errors.New("the list does not end")
}

// collection is a listing while it is read.
type collection struct {
	list   Listing
	seen   map[string]bool
	pages  int
	count  int // of the last page
	size   int // bytes of the jobs kept
	dated  bool
	shrunk bool
}

// jobSize is the approximate memory of a job without its strings.
const jobSize = 256

// add keeps the new jobs of a page and reports whether there are any.
func (c *collection) add(p Page) (isNew bool, err error) {
	if c.pages == 0 {
		c.list.Date = p.Date
	}
	c.dated = c.dated && !p.Date.IsZero()
	// If a job is deleted between two pages, the first job of the next page
	// moves to the previous one and is never seen.
	c.shrunk = c.shrunk || p.Count < c.count
	c.pages, c.count = c.pages+1, p.Count
	for _, j := range p.Jobs {
		if c.seen[j.ID] {
			continue
		}
		c.seen[j.ID], isNew = true, true
		c.list.Jobs = append(c.list.Jobs, j)
		c.size += jobSize + len(j.ID) + len(j.Name) + len(j.Status) + len(j.Description) + len(j.ErrorLog)
	}
	if c.size > maxListing {
		return false, errors.New("the list is too large")
	}
	return isNew, nil
}

func (c *collection) finish() Listing {
	c.list.Complete = !c.shrunk && len(c.list.Jobs) >= c.count
	if !c.dated {
		c.list.Date = time.Time{}
	}
	return c.list
}
