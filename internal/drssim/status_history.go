package drssim

import (
	"slices"
	"time"
)

// recorded is the status of an ended job's record from a certain time.
type recorded struct {
	from   time.Time
	status string
}

// override is a period in which DRS shows a status that differs from the record.
type override struct {
	from, until time.Time
	status      string
}

// StatusAt is the status that DRS showed at a time.
func (j Job) StatusAt(at time.Time) string {
	for _, s := range slices.Backward(j.overrides) {
		if !s.from.After(at) && s.until.After(at) {
			return s.status
		}
	}
	for _, r := range slices.Backward(j.records) {
		if !r.from.After(at) {
			return r.status
		}
	}
	if j.Finished.IsZero() || j.Finished.After(at) || len(j.records) > 0 {
		return Transferring
	}
	return j.Status
}

// Since is when the record of an ended job first had a status, zero if never.
func (j Job) Since(status string) time.Time {
	for _, r := range j.records {
		if r.status == status {
			return r.from
		}
	}
	if len(j.records) == 0 && j.Status == status {
		return j.Finished
	}
	return time.Time{}
}

// shownStatus is the status in lists and details now.
func (d *DRS) shownStatus(j *Job) string {
	if len(j.overrides) == 0 {
		return j.Status
	}
	return j.StatusAt(d.config.Now())
}

// SetStatus changes the status in the record of an ended job, as if the server had
// restarted with another record. If it becomes SUCCESS, the backup is restored; if
// that is not possible, nothing changes. If it was SUCCESS, the backup stays restored.
func (d *DRS) SetStatus(id, status string) bool {
	return d.change(id, func(j *Job) {
		if j.Finished.IsZero() {
			return
		}
		if status == Success && j.Restored.IsZero() && !j.Foreign {
			problem, files := d.examine(j)
			if problem.text != "" {
				return
			}
			d.restore(j, files)
			j.Restored = d.config.Now()
		}
		d.rewrite(j, status)
	})
}

func (d *DRS) rewrite(j *Job, status string) {
	if len(j.records) == 0 {
		j.records = append(j.records, recorded{j.Finished, j.Status})
	}
	j.Status, j.records = status, append(slices.Clip(j.records), recorded{d.config.Now(), status})
}

// ShowStatus makes DRS show another status for a job for a while.
func (d *DRS) ShowStatus(id, status string, length time.Duration) bool {
	return d.change(id, func(j *Job) {
		now := d.config.Now()
		j.overrides = append(slices.Clip(j.overrides), override{now, now.Add(length), status})
	})
}

// Cancel ends a running job with a status and restores nothing.
func (d *DRS) Cancel(id, status string) bool {
	return d.change(id, func(j *Job) {
		i := slices.Index(d.running, j)
		if i < 0 {
			return
		}
		d.running = slices.Delete(d.running, i, i+1)
		j.Status, j.Finished = status, d.config.Now()
	})
}

// overwritten marks the jobs whose restored backups a full overwrites.
func (d *DRS) overwritten(by *Job, files []restored) {
	for _, j := range d.jobs {
		if j == by || j.Instance != by.Instance || j.Restored.IsZero() {
			continue
		}
		if slices.ContainsFunc(files, func(r restored) bool {
			return slices.ContainsFunc(j.Databases, func(n string) bool { return fold(j.target(n)) == fold(by.target(r.name)) })
		}) {
			j.Restored = time.Time{}
		}
	}
}
