package verify

import (
	"fmt"

	"github.com/migplan/migplan/pkg/backup"
)

// objectFindings is what is wrong with a file before its content counts.
func objectFindings(c Checked, s Store) []Finding {
	var out []Finding
	o := c.Object
	if o.Encryption != "" && o.Encryption != "AES256" {
		out = append(out, c.finding(FindKMS, backup.Error,
			fmt.Sprintf("the object is encrypted on the server with a separate key (%s), and DRS cannot decrypt it", o.Encryption),
			"upload it again without KMS encryption"))
	}
	if c.Err != nil && (len(out) == 0 || KindOf(c.Err) != Denied) {
		return append(out, storeFinding(c, s))
	}
	if o.StorageClass != "" && o.StorageClass != "STANDARD" {
		out = append(out, c.finding(FindStorageClass, backup.Warning,
			fmt.Sprintf("its storage class is %s, and DRS documents Standard only", o.StorageClass), "change its storage class to Standard"))
	}
	return out
}

// finding is one about this file.
func (c Checked) finding(id backup.ID, severity backup.Severity, summary, action string) Finding {
	return Finding{ID: id, Severity: severity, Step: c.Step, Key: c.Key, DRS: drsFailure(id), Summary: summary, Action: action}
}

// storeFinding is about a file that gave nothing to read.
func storeFinding(c Checked, s Store) Finding {
	text := fmt.Sprintf("%s: %s", s.Name(c.Key), c.Err)
	switch KindOf(c.Err) {
	case Missing:
		return c.missing(s)
	case Unusable:
		return c.finding(FindUnusable, backup.Error, text, remedy(c.Err, "put the backup file there"))
	case Archived:
		return c.finding(FindArchived, backup.Error, c.Err.Error()+"; DRS cannot read it either",
			remedy(c.Err, "change its storage class to Standard"))
	case Denied:
		return c.finding(FindDenied, backup.Error, text, remedy(c.Err, "check the credentials and the permissions on the bucket"))
	case Changed:
		return c.finding(FindUnavailable, backup.Error, "it was replaced while it was read", "run it again when the upload is complete")
	}
	return c.finding(FindUnavailable, backup.Error, text, remedy(c.Err, "run it again later"))
}

// missing is about a file that is not there. A folder says nothing about the bucket.
func (c Checked) missing(s Store) Finding {
	f := c.finding(FindMissing, backup.Error, "there is no "+s.Name(c.Key), "upload it, or correct its key in the plan")
	if folder, ok := s.(Folder); ok {
		f.DRS, f.Action = "", "copy it there, or correct its key in the plan; the folder stands for "+folder.standsFor()
	}
	return f
}
