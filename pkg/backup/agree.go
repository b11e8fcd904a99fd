package backup

import (
	"fmt"
	"slices"
)

// differ names a field in which the header at the front of a backup set and the
// one at its end differ although they are of one backup, "" where they agree.
// What may change while a backup runs is not compared: LSNs, flags, sizes, and
// the full backup that a log names. Where a log begins cannot: the log backup
// before it ends there. Files are neither added nor dropped then.
func differ(front, end Set) string {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"BackupType", front.BackupType == end.BackupType},
		{"DatabaseName", front.DatabaseName == end.DatabaseName},
		{"ServerName", front.ServerName == end.ServerName},
		{"FamilyGUID", front.FamilyGUID == end.FamilyGUID},
		{"BindingID", front.BindingID == end.BindingID},
		{"RecoveryForkID", front.RecoveryForkID == end.RecoveryForkID},
		{"DifferentialBaseLSN", front.DifferentialBaseLSN == end.DifferentialBaseLSN},
		{"DifferentialBaseGUID", front.DifferentialBaseGUID == end.DifferentialBaseGUID},
		{"FirstLSN", front.BackupType != Log || front.FirstLSN == end.FirstLSN},
		{"DatabaseVersion", front.DatabaseVersion == end.DatabaseVersion},
		{"SoftwareVersion", front.softwareVersion() == end.softwareVersion()},
		{"DatabaseCreationDate", front.DatabaseCreationDate == end.DatabaseCreationDate},
		{"BackupStartDate", front.BackupStartDate == end.BackupStartDate},
		{"FileList", front.FileListDamaged == end.FileListDamaged && slices.EqualFunc(front.FileList, end.FileList, sameFile)},
	} {
		if !f.same {
			return f.name
		}
	}
	return ""
}

func (s *Set) softwareVersion() string {
	return fmt.Sprintf("%d.%d.%d", s.SoftwareVersionMajor, s.SoftwareVersionMinor, s.SoftwareVersionBuild)
}

func sameFile(a, b File) bool {
	return a.FileID == b.FileID && a.Type == b.Type && a.LogicalName == b.LogicalName && a.PhysicalName == b.PhysicalName
}

// headerError is a header at the front that is damaged, or not that of the end.
type headerError struct{ text string }

func (e *headerError) Error() string { return e.text }

// checkFront compares the header at the front, which could not be read where
// err is not nil, with that at the end.
func checkFront(front front, err error, end Set) error {
	if err != nil {
		return &headerError{fmt.Sprintf("the header at its front is damaged: %v", err)}
	}
	if field := differ(front.set, end); field != "" {
		return &headerError{fmt.Sprintf("its two headers differ in %s: one of them is damaged, or of another backup", field)}
	}
	return nil
}
