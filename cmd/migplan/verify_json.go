package main

import (
	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/plan"
)

// jsonVerification is the output of verify.
type jsonVerification struct {
	Version int            `json:"version"`
	Code    int            `json:"code"`
	Exit    executor.Class `json:"exit"`
	Plans   []jsonVerified `json:"plans"`
}

type jsonVerified struct {
	File        string             `json:"file"`
	Name        string             `json:"name,omitempty"`
	Code        int                `json:"code"`
	Exit        executor.Class     `json:"exit"`
	Files       []jsonVerifiedFile `json:"files"`
	Databases   []jsonDatabase     `json:"databases"`
	Findings    []verify.Finding   `json:"findings"`
	Diagnostics []jsonDiagnostic   `json:"diagnostics,omitempty"`
}

type jsonVerifiedFile struct {
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

type jsonDatabase struct {
	Name     string       `json:"name"`
	Grade    backup.Grade `json:"grade"`
	Files    int          `json:"files"`
	LastLSN  backup.LSN   `json:"last_lsn,omitzero"`
	Finished string       `json:"finished,omitempty"`
	Size     int64        `json:"size,omitempty"`
}

func verificationJSON(all []verified, class executor.Class) jsonVerification {
	out := jsonVerification{Version: outputVersion, Code: exitCode(class), Exit: class, Plans: []jsonVerified{}}
	for _, v := range all {
		out.Plans = append(out.Plans, verifiedJSON(v))
	}
	return out
}

func verifiedJSON(v verified) jsonVerified {
	out := jsonVerified{
		File: v.file, Code: exitCode(v.class), Exit: v.class,
		Files: []jsonVerifiedFile{}, Databases: []jsonDatabase{}, Findings: append([]verify.Finding{}, v.report.Findings...),
	}
	if !v.valid() {
		out.Diagnostics = diagnosticsJSON(v.diagnostics, executor.Invalid).Diagnostics
		return out
	}
	out.Name = v.plan.Name
	for _, c := range v.report.Files {
		e := c.Entry()
		out.Files = append(out.Files, jsonVerifiedFile{
			Step: c.Step, Type: v.plan.Backups[c.Step-1].Type, Key: c.Key, Grade: e.Grade, Size: e.Size, ETag: e.ETag,
			StorageClass: c.Object.StorageClass, Encryption: c.Object.Encryption, Sets: append([]verify.EntrySet{}, e.Sets...),
		})
	}
	for _, d := range v.report.Databases {
		one := jsonDatabase{Name: d.Name, Grade: d.Grade, Files: d.Backups, Size: d.Size}
		if d.Last != nil {
			one.LastLSN, one.Finished = d.Last.LastLSN, verify.Finished(d.Last)
		}
		out.Databases = append(out.Databases, one)
	}
	return out
}
