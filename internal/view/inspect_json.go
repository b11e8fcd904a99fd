package view

import (
	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/executor"
)

// InspectionJSON is the output of inspect.
type InspectionJSON struct {
	Version  int              `json:"version"`
	Code     int              `json:"code"`
	Exit     executor.Class   `json:"exit"`
	Files    []MediaJSON      `json:"files"`
	Sets     []SetJSON        `json:"sets"`
	Chains   []ChainJSON      `json:"chains"`
	Findings []backup.Finding `json:"findings"`
}

// MediaJSON is a file, with the columns of LABELONLY.
type MediaJSON struct {
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

// SetJSON is a backup set, with the columns of HEADERONLY.
type SetJSON struct {
	Name     string       `json:"name"`
	File     string       `json:"file"`
	Grade    backup.Grade `json:"grade"`
	Complete bool         `json:"complete"`
	backup.HeaderOnly
}

// ChainJSON is a restore chain.
type ChainJSON struct {
	Database   string      `json:"database"`
	FamilyGUID backup.GUID `json:"family_guid"`
	HasFull    bool        `json:"has_full"`
	Sets       []string    `json:"sets"`
}

// JSON is the output of inspect.
func (in Inspection) JSON(class executor.Class, code ExitCode) InspectionJSON {
	out := InspectionJSON{
		Version: Version, Code: code(class), Exit: class,
		Files: []MediaJSON{}, Sets: []SetJSON{}, Chains: []ChainJSON{}, Findings: append([]backup.Finding{}, in.Findings...),
	}
	for _, b := range in.Files {
		out.Files = append(out.Files, mediaJSON(b))
		out.Sets = append(out.Sets, setsJSON(b)...)
	}
	for _, c := range in.Chains {
		names := []string{}
		for _, b := range c.Backups {
			names = append(names, b.Name)
		}
		out.Chains = append(out.Chains, ChainJSON{c.DatabaseName, c.FamilyGUID, c.Full != nil, names})
	}
	return out
}

func mediaJSON(b backup.Backup) MediaJSON {
	out := MediaJSON{File: b.Name, Grade: b.Grade()}
	if m := b.Media; m != nil {
		out.Complete, out.Incomplete, out.Sets, out.Size, out.Container = m.Complete, m.Incomplete, len(m.Sets), m.Size, m.Container
		out.MediaName, out.MediaDescription, out.SoftwareName = m.MediaName, m.MediaDescription, m.SoftwareName
		out.MediaSetID, out.FamilyCount, out.FamilySequenceNumber = m.MediaSetID, m.FamilyCount, m.FamilySequenceNumber
		out.MirrorCount, out.HasPassword = m.MirrorCount, m.HasPassword
	}
	return out
}

func setsJSON(b backup.Backup) (out []SetJSON) {
	for _, one := range b.Split() {
		columns := one.Set().HeaderOnly()
		if columns.FileList == nil {
			columns.FileList = []backup.File{}
		}
		out = append(out, SetJSON{one.Name, b.Name, one.Grade(), one.Media.Complete, columns})
	}
	return out
}
