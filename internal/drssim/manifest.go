package drssim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Types of backups in a manifest.
const (
	Full         = "full"
	Log          = "log"
	Differential = "differential"
)

// Object is a backup in a bucket, with the content of its header. A backup of RDS
// itself has no bucket, and its id as Key.
type Object struct {
	Bucket       string   `json:"bucket"`
	Key          string   `json:"key"`
	Type         string   `json:"type"` // full, log or differential
	Databases    []string `json:"databases"`
	FirstLSN     uint64   `json:"first_lsn"` // of a log: where the log before it ended
	LastLSN      uint64   `json:"last_lsn"`
	Size         int64    `json:"size,omitempty"`          // bytes
	StorageClass string   `json:"storage_class,omitempty"` // "" is STANDARD, the only class that DRS reads (guides)
	Encrypted    bool     `json:"encrypted,omitempty"`     // with KMS, which DRS cannot read (guides)
	Corrupt      bool     `json:"corrupt,omitempty"`       // found only by a precheck or during the restore
}

func (o Object) id() string { return o.Bucket + "/" + o.Key }

// maxManifest is the maximum size of a manifest, in bytes.
const maxManifest = 64 << 20

// ReadManifest reads a JSON list of objects and reports all problems in it.
func ReadManifest(r io.Reader) ([]Object, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxManifest {
		return nil, fmt.Errorf("the manifest is larger than %d bytes", maxManifest)
	}
	value, err := decodeStrictly(text)
	if err != nil {
		return nil, err
	}
	if value == nil { // without a manifest any object would exist
		return nil, errors.New("null is not a list of objects")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	objects := []Object{}
	if err := dec.Decode(&objects); err != nil {
		return nil, err
	}
	return objects, checkObjects(objects)
}

func checkObjects(objects []Object) error {
	var errs []error
	seen := map[string]bool{}
	for i, o := range objects {
		problem := o.problem()
		if seen[o.id()] {
			problem = "is a duplicate"
		}
		if problem != "" {
			errs = append(errs, fmt.Errorf("object %d, %q: %s", i+1, o.id(), problem))
		}
		seen[o.id()] = true
	}
	return errors.Join(errs...)
}

func (o Object) problem() string {
	switch {
	case o.Key == "":
		return "key is missing"
	case o.Type != Full && o.Type != Log && o.Type != Differential:
		return "type must be full, log or differential"
	case len(o.Databases) == 0:
		return "databases is empty"
	case o.LastLSN < o.FirstLSN:
		return "last_lsn is less than first_lsn"
	case o.Size < 0:
		return "size is negative"
	}
	return ""
}
