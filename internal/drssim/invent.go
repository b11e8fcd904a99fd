package drssim

import (
	"path"
	"slices"
	"strings"
)

// step is how far apart the LSNs of invented backups are.
const step = 100

// invent lets the objects of a job exist that nobody has used before. A full
// stands where the log is; a log follows on, per set of databases.
func (d *DRS) invent(j *Job) {
	if d.config.Objects != nil {
		return
	}
	groups := d.guess(j)
	for i, key := range j.Files {
		o := Object{Bucket: j.Bucket, Key: key, Type: Full, Databases: groups[i]}
		if _, known := d.objects[o.id()]; known {
			continue
		}
		set := j.Instance + "\x00" + strings.Join(folded(o.Databases), "\x00")
		o.FirstLSN, o.LastLSN = step*(1+d.positions[set]), step*(1+d.positions[set])
		if j.Mode == "incre" {
			d.positions[set]++
			o.Type, o.LastLSN = Log, o.LastLSN+step
		}
		d.objects[o.id()] = o
	}
}

func folded(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, fold(n))
	}
	slices.Sort(out)
	return out
}

// guess says which databases each file of a job holds: those that are named,
// one a file as far as they go; else what the names of the files suggest.
func (d *DRS) guess(j *Job) [][]string {
	groups := make([][]string, len(j.Files))
	for i, key := range j.Files {
		switch {
		case len(j.Databases) > i && i+1 == len(j.Files):
			groups[i] = j.Databases[i:]
		case len(j.Databases) > i:
			groups[i] = j.Databases[i : i+1]
		default:
			groups[i] = []string{d.suggested(j, strings.TrimSuffix(path.Base(key), ".bak"))}
		}
	}
	return groups
}

// suggested is the stem of a full; for a log, the longest name of a restoring
// database that the stem begins with, or the only one that there is.
func (d *DRS) suggested(j *Job, stem string) string {
	if j.Mode == "full" {
		return stem
	}
	longest, only := "", ""
	count := 0
	for name, db := range d.instances[j.Instance] {
		if db.state != Restoring {
			continue
		}
		count, only = count+1, name
		if strings.HasPrefix(fold(stem), name) && len(name) > len(longest) {
			longest = name
		}
	}
	switch {
	case longest != "":
		return longest
	case count == 1:
		return only
	}
	return stem
}
