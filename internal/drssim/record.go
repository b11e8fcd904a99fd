package drssim

import (
	"slices"
	"time"
)

// recorded is a status that the record of an ended job has from a time on.
type recorded struct {
	from   time.Time
	status string
}

// spell is a time in which DRS says another status than the record has.
type spell struct {
	from, until time.Time
	status      string
}

// StatusAt is what DRS said of the job at a time.
func (j Job) StatusAt(at time.Time) string {
	for _, s := range slices.Backward(j.spells) {
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

// Since is when the record of an ended job first had a status, zero if it never
// had.
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

// said is what lists and details say now.
func (d *DRS) said(j *Job) string {
	if len(j.spells) == 0 {
		return j.Status
	}
	return j.StatusAt(d.config.Now())
}

// SetStatus changes the status in the record of a job that has ended, as by a
// server that restarts with another record. One that becomes SUCCESS has
// restored its backup, if the databases can take it; one that was SUCCESS has.
func (d *DRS) SetStatus(id, status string) bool {
	return d.change(id, func(j *Job) {
		if j.Finished.IsZero() {
			return
		}
		d.rewrite(j, status)
		if status != Success || !j.Restored.IsZero() || j.Foreign {
			return
		}
		if problem, files := d.examine(j); problem.text == "" {
			d.restore(j, files)
			j.Restored = d.config.Now()
		}
	})
}

func (d *DRS) rewrite(j *Job, status string) {
	if len(j.records) == 0 {
		j.records = append(j.records, recorded{j.Finished, j.Status})
	}
	j.Status, j.records = status, append(slices.Clip(j.records), recorded{d.config.Now(), status})
}

// ShowStatus lets DRS say another status of a job for a while, whatever its
// record has.
func (d *DRS) ShowStatus(id, status string, length time.Duration) bool {
	return d.change(id, func(j *Job) {
		now := d.config.Now()
		j.spells = append(slices.Clip(j.spells), spell{now, now.Add(length), status})
	})
}

// Cancel ends a running job in a status, and restores nothing.
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

// overwritten: a full takes from its databases what other jobs restored.
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
