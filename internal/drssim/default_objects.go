package drssim

import (
	"path"
	"slices"
	"strings"
)

// step is the distance between LSNs of default backups.
const step = 100

// addDefaultObjects adds the objects of a job that are new, if there is no manifest.
// A full starts at the current LSN; a log continues from it, for each set of
// databases.
func (d *DRS) addDefaultObjects(j *Job) {
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

// guess gives the databases in each file of a job: the named ones, one for each
// file, else those that the file names suggest.
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

// suggested is the stem for a full. For a log it is the longest name of a restoring
// database that starts the stem, or the only restoring database.
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
