package drssim

import (
	"encoding/json"
	"fmt"
	"io"
)

// Object is one object of the manifest: what is in a bucket.
type Object struct {
	Bucket    string   `json:"bucket"`
	Key       string   `json:"key"`
	Type      string   `json:"type"` // full, log or differential
	Databases []string `json:"databases"`
	FirstLSN  uint64   `json:"first_lsn"`
	LastLSN   uint64   `json:"last_lsn"`
}

// ReadManifest reads a JSON list of objects.
func ReadManifest(r io.Reader) ([]Object, error) {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	var objects []Object
	if err := dec.Decode(&objects); err != nil {
		return nil, err
	}
	for _, o := range objects {
		if o.Bucket == "" || o.Key == "" || len(o.Databases) == 0 {
			return nil, fmt.Errorf("object %q needs bucket, key and databases", o.Key)
		}
		if o.Type != "full" && o.Type != "log" && o.Type != "differential" {
			return nil, fmt.Errorf("object %q: type is full, log or differential", o.Key)
		}
	}
	return objects, nil
}

// object finds what a job reads. Without a manifest an object comes into being
// at its first use, as the continuation of what was used before it.
func (d *DRS) object(j *Job, key string) (Object, bool) {
	if d.config.Objects != nil {
		for _, o := range d.config.Objects {
			if o.Bucket == j.Bucket && o.Key == key {
				return o, true
			}
		}
		return Object{}, false
	}
	id := j.Bucket + "/" + key
	o, ok := d.invented[id]
	if !ok {
		o = d.invent(j, key)
		d.invented[id] = o
	}
	return o, true
}

func (d *DRS) invent(j *Job, key string) Object {
	o := Object{Bucket: j.Bucket, Key: key, Type: "full", Databases: j.Databases, FirstLSN: d.nextLSN, LastLSN: d.nextLSN + 100}
	if len(o.Databases) == 1 && o.Databases[0] == "" {
		o.Databases = []string{"database1"}
	}
	if j.Mode == "incre" {
		o.Type = "log"
		for _, n := range o.Databases {
			if db := d.find(j.Instance, n); db != nil {
				o.FirstLSN = db.lsn
			}
		}
	}
	d.nextLSN = o.LastLSN
	return o
}
