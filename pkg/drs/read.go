package drs

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// ShowReplicationJob gives one job. The error is an *Error with NotFound where
// DRS does not know it.
func (c *Client) ShowReplicationJob(ctx context.Context, jobID string) (Job, error) {
	const op = "ShowReplicationJob"
	if jobID == "" || jobID == "." || jobID == ".." {
		return Job{}, fmt.Errorf("%s: %q is no job id", op, jobID)
	}
	var w wireJob
	header, err := c.get(ctx, op, c.url(jobID, nil), &w)
	if err != nil {
		return Job{}, err
	}
	return finishJob(w, jobID, serverDate(header))
}

// DecodeJob reads the answer of ShowReplicationJob for the job asked for.
func DecodeJob(body []byte, jobID string, date time.Time) (Job, error) {
	var w wireJob
	if err := decode(body, &w); err != nil {
		return Job{}, err
	}
	return finishJob(w, jobID, date)
}

func finishJob(w wireJob, jobID string, date time.Time) (Job, error) {
	j := w.job()
	j.Date = date
	if j.ID != jobID {
		return Job{}, fmt.Errorf("the answer is about job %.64q, not about %q", j.ID, jobID)
	}
	return j, nil
}

// Listing is every job that a target shows, newest first.
type Listing struct {
	Jobs []OfflineTaskInfo
	// Complete says that as many jobs came as the server counted.
	Complete bool
	// Date is the server's clock when the first page was made; zero where a
	// page gave none to trust.
	Date time.Time
}

// Page is one page of a list.
type Page struct {
	Count int
	Jobs  []OfflineTaskInfo
	Date  time.Time
}

// pageSize is asked for; the most that the server gives is not documented.
const pageSize = 100

// maxPages bounds a list that never ends.
const maxPages = 1000

// ListReplicationJobs gives all jobs of a target instance: no filter by name
// or status, since the name filter is fuzzy and a job may be renamed.
func (c *Client) ListReplicationJobs(ctx context.Context, instanceID string) (Listing, error) {
	return Collect(func(offset int) (Page, error) {
		var w wireList
		header, err := c.get(ctx, "ListReplicationJobs", c.url("", ListQuery(instanceID, offset)), &w)
		if err != nil {
			return Page{}, err
		}
		return w.page(serverDate(header))
	})
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

// DecodePage reads the answer of one page.
func DecodePage(body []byte, date time.Time) (Page, error) {
	var w wireList
	if err := decode(body, &w); err != nil {
		return Page{}, err
	}
	return w.page(date)
}

func (w wireList) page(date time.Time) (Page, error) {
	if w.Count == nil || w.Jobs == nil || *w.Count < 0 {
		return Page{}, errors.New("the list has no count or no jobs")
	}
	p := Page{Count: *w.Count, Date: date}
	for _, t := range *w.Jobs {
		if t.ID == "" {
			return Page{}, errors.New("the list has a job without an id")
		}
		p.Jobs = append(p.Jobs, t.task())
	}
	return p, nil
}

// Collect reads pages until as many jobs came as the server counts, or an
// empty page. The offset is one of records, and goes on by what came. A job
// that slips from page to page while others are made is kept once.
func Collect(page func(offset int) (Page, error)) (Listing, error) {
	l := Listing{}
	seen := map[string]bool{}
	dated := true
	for offset, n := 0, 0; ; n++ {
		p, err := page(offset)
		if err != nil {
			return Listing{}, err
		}
		if n == 0 {
			l.Date = p.Date
		}
		dated = dated && !p.Date.IsZero()
		for _, j := range p.Jobs {
			if !seen[j.ID] {
				seen[j.ID] = true
				l.Jobs = append(l.Jobs, j)
			}
		}
		offset += len(p.Jobs)
		l.Complete = len(l.Jobs) >= p.Count
		if l.Complete || len(p.Jobs) == 0 {
			break
		}
		if n == maxPages {
			return Listing{}, errors.New("the list does not end")
		}
	}
	if !dated {
		l.Date = time.Time{}
	}
	return l, nil
}
