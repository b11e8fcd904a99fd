package main

import (
	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/executor"
)

// jsonInspection is the output of inspect.
type jsonInspection struct {
	Version  int              `json:"version"`
	Code     int              `json:"code"`
	Exit     executor.Class   `json:"exit"`
	Files    []jsonMedia      `json:"files"`
	Sets     []jsonSet        `json:"sets"`
	Chains   []jsonChain      `json:"chains"`
	Findings []backup.Finding `json:"findings"`
}

// jsonMedia is a file, with the columns of LABELONLY.
type jsonMedia struct {
	File                 string           `json:"file"`
	Grade                backup.Grade     `json:"grade"`
	Complete             bool             `json:"complete"`
	Incomplete           string           `json:"incomplete,omitempty"`
	Sets                 int              `json:"sets"`
	Size                 int64            `json:"size,omitempty"`
	Container            backup.Container `json:"container,omitempty"`
	MediaName            string           `json:"MediaName,omitempty"`
	MediaDescription     string           `json:"MediaDescription,omitempty"`
	SoftwareName         string           `json:"SoftwareName,omitempty"`
	MediaSetID           backup.GUID      `json:"MediaSetId,omitzero"`
	FamilyCount          int              `json:"FamilyCount,omitempty"`
	FamilySequenceNumber int              `json:"FamilySequenceNumber,omitempty"`
	MirrorCount          int              `json:"MirrorCount,omitempty"`
	HasPassword          bool             `json:"has_password,omitempty"`
}

// jsonSet is a backup set, with the columns of HEADERONLY.
type jsonSet struct {
	Name     string       `json:"name"`
	File     string       `json:"file"`
	Grade    backup.Grade `json:"grade"`
	Complete bool         `json:"complete"`
	backup.HeaderOnly
}

type jsonChain struct {
	Database   string      `json:"database"`
	FamilyGUID backup.GUID `json:"family_guid"`
	HasFull    bool        `json:"has_full"`
	Sets       []string    `json:"sets"`
}

func inspectionJSON(in inspection) jsonInspection {
	class := in.class()
	out := jsonInspection{
		Version: outputVersion, Code: exitCode(class), Exit: class,
		Files: []jsonMedia{}, Sets: []jsonSet{}, Chains: []jsonChain{}, Findings: append([]backup.Finding{}, in.findings...),
	}
	for _, b := range in.files {
		out.Files = append(out.Files, mediaJSON(b))
		out.Sets = append(out.Sets, setsJSON(b)...)
	}
	for _, c := range in.chains {
		names := []string{}
		for _, b := range c.Backups {
			names = append(names, b.Name)
		}
		out.Chains = append(out.Chains, jsonChain{c.DatabaseName, c.FamilyGUID, c.Full != nil, names})
	}
	return out
}

func mediaJSON(b backup.Backup) jsonMedia {
	out := jsonMedia{File: b.Name, Grade: b.Grade()}
	if m := b.Media; m != nil {
		out.Complete, out.Incomplete, out.Sets, out.Size, out.Container = m.Complete, m.Incomplete, len(m.Sets), m.Size, m.Container
		out.MediaName, out.MediaDescription, out.SoftwareName = m.MediaName, m.MediaDescription, m.SoftwareName
		out.MediaSetID, out.FamilyCount, out.FamilySequenceNumber = m.MediaSetID, m.FamilyCount, m.FamilySequenceNumber
		out.MirrorCount, out.HasPassword = m.MirrorCount, m.HasPassword
	}
	return out
}

func setsJSON(b backup.Backup) (out []jsonSet) {
	for _, one := range b.Split() {
		columns := one.Set().HeaderOnly()
		if columns.FileList == nil {
			columns.FileList = []backup.File{}
		}
		out = append(out, jsonSet{one.Name, b.Name, one.Grade(), one.Media.Complete, columns})
	}
	return out
}
