package backup

import "fmt"

// differ names a field in which the header at the front of a backup set and the
// one at its end differ although they are of one backup, "" where they agree.
// What may change while a backup runs is not compared: LSNs, flags, sizes, the
// file list, and the full backup that a log names.
func differ(front, end Set) string {
	if front.BackupType == 0 {
		return "" // the front was not read
	}
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
		{"DatabaseVersion", front.DatabaseVersion == end.DatabaseVersion},
		{"SoftwareVersion", front.softwareVersion() == end.softwareVersion()},
		{"DatabaseCreationDate", front.DatabaseCreationDate == end.DatabaseCreationDate},
		{"BackupStartDate", front.BackupStartDate == end.BackupStartDate},
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

// differing is the error of two headers that differ in a field.
func differing(field string) error {
	return fmt.Errorf("its two headers differ in %s: one of them is damaged, or of another backup", field)
}
