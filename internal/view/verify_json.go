package view

import (
	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/plan"
)

// VerificationJSON is the output of verify.
type VerificationJSON struct {
	Version int            `json:"version"`
	Code    int            `json:"code"`
	Exit    executor.Class `json:"exit"`
	Plans   []VerifiedJSON `json:"plans"`
}

// VerifiedJSON is a plan and what its files showed.
type VerifiedJSON struct {
	File        string                 `json:"file"`
	Name        string                 `json:"name,omitempty"`
	Code        int                    `json:"code"`
	Exit        executor.Class         `json:"exit"`
	Files       []VerifiedFileJSON     `json:"files"`
	Databases   []VerifiedDatabaseJSON `json:"databases"`
	Findings    []verify.Finding       `json:"findings"`
	Diagnostics []DiagnosticJSON       `json:"diagnostics,omitempty"`
}

// VerifiedFileJSON is one file of a plan.
type VerifiedFileJSON struct {
	Step         int               `json:"step"`
	Type         plan.Type         `json:"type"`
	Key          string            `json:"key"`
	Grade        backup.Grade      `json:"grade"`
	Size         int64             `json:"size,omitempty"`
	ETag         string            `json:"etag,omitempty"`
	StorageClass string            `json:"storage_class,omitempty"`
	Encryption   string            `json:"encryption,omitempty"`
	Sets         []verify.EntrySet `json:"sets"`
}

// VerifiedDatabaseJSON is one database of a plan.
type VerifiedDatabaseJSON struct {
	Name     string       `json:"name"`
	Grade    backup.Grade `json:"grade"`
	Files    int          `json:"files"`
	LastLSN  backup.LSN   `json:"last_lsn,omitzero"`
	Finished string       `json:"finished,omitempty"`
	Size     int64        `json:"size,omitempty"`
}

// Verification is the output of verify.
func Verification(all []Verified, class executor.Class, code ExitCode) VerificationJSON {
	out := VerificationJSON{Version: Version, Code: code(class), Exit: class, Plans: []VerifiedJSON{}}
	for _, v := range all {
		out.Plans = append(out.Plans, v.json(code))
	}
	return out
}

func (v Verified) json(code ExitCode) VerifiedJSON {
	out := VerifiedJSON{
		File: v.File, Code: code(v.Class), Exit: v.Class,
		Files: []VerifiedFileJSON{}, Databases: []VerifiedDatabaseJSON{}, Findings: append([]verify.Finding{}, v.Report.Findings...),
	}
	if !v.Valid() {
		out.Diagnostics = diagnosticsJSON(v.Diagnostics)
		return out
	}
	out.Name = v.Plan.Name
	for _, c := range v.Report.Files {
		e := c.Entry()
		out.Files = append(out.Files, VerifiedFileJSON{
			Step: c.Step, Type: v.Plan.Backups[c.Step-1].Type, Key: c.Key, Grade: e.Grade, Size: e.Size, ETag: e.ETag,
			StorageClass: c.Object.StorageClass, Encryption: c.Object.Encryption, Sets: append([]verify.EntrySet{}, e.Sets...),
		})
	}
	for _, d := range v.Report.Databases {
		one := VerifiedDatabaseJSON{Name: d.Name, Grade: d.Grade, Files: d.Backups, Size: d.Size}
		if d.Last != nil {
			one.LastLSN, one.Finished = d.Last.LastLSN, verify.Finished(d.Last)
		}
		out.Databases = append(out.Databases, one)
	}
	return out
}
